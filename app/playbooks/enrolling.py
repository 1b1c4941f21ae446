"""Enrols accounts in a playbook: draws the arm, writes it down, and only then plans what is to be done."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, insert, select, text

from app.extensions import db
from app.playbooks.among import among
from app.playbooks.models import Enrolment, Playbook
from app.playbooks.tasks.planning import plan
from app.playbooks.trial.drawing import TREATED, Thirds, draw
from app.playbooks.triggers import trigger_of

_BOOK = text(
    "SELECT percentile_disc(ARRAY[1/3.0, 2/3.0]) WITHIN GROUP (ORDER BY risk) AS risk,"
    " percentile_disc(ARRAY[1/3.0, 2/3.0]) WITHIN GROUP (ORDER BY arr_minor) AS arr, avg(risk) AS mean_risk"
    " FROM account_summary WHERE arr_minor > 0"
)


@dataclass(frozen=True)
class Book:
    """What a draw must know of all customers: where risk and ARR are cut in three, and the mean risk."""

    thirds: Thirds
    mean_risk: float


def read_book() -> Book:
    """Look at the book as it stands."""
    row = db.session.execute(_BOOK).one()
    thirds = Thirds(risk=tuple(row.risk or ()), arr=tuple(row.arr or ()))
    return Book(thirds, 1.0 if row.mean_risk is None else row.mean_risk)


def enrol(playbook: Playbook, rows: Sequence[Any], book: Book, today: date, now: datetime) -> int:
    """Enrol the accounts of `rows` (of matching.py); the treated get their tasks. Gives how many were enrolled."""
    if not rows:
        return 0
    drawn = _draw(playbook, rows, book)
    trigger = trigger_of(playbook.trigger)
    values = [
        {
            "playbook_id": playbook.id,
            "account_id": row.account_id,
            "revision": playbook.revision,
            "arm": drawn[row.account_id][0],
            "stratum": drawn[row.account_id][1],
            "why": trigger.why(playbook.trigger, row),
            "arr_minor": row.arr_minor,
            "risk": row.risk,
            "enrolled_on": today,
            "enrolled_at": now,
        }
        for row in rows
    ]
    written = insert(Enrolment).returning(Enrolment.id, Enrolment.account_id, Enrolment.arm)
    enrolments = db.session.execute(written, values).all()
    owners = {row.account_id: row.owner_id for row in rows}
    plan(playbook.steps, [each for each in enrolments if each.arm == TREATED], owners, today, now)
    return len(enrolments)


def _draw(playbook: Playbook, rows: Sequence[Any], book: Book) -> dict[int, tuple[str, str]]:
    """Give (arm, stratum) of each account. Who was drawn before in this revision keeps the arm: it is the account's."""
    drawn = _drawn_before(playbook, [row.account_id for row in rows])
    strata: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        if row.account_id not in drawn:
            strata[book.thirds.stratum(row.risk, row.arr_minor)].append(row.account_id)
    already = _counts(playbook)
    salt = f"{playbook.salt}:{playbook.revision}"
    for stratum, accounts in strata.items():
        arms = draw(salt, playbook.holdout_share, stratum, already.get(stratum, 0), accounts)
        drawn |= {account: (arm, stratum) for account, arm in arms.items()}
    return drawn


def _drawn_before(playbook: Playbook, accounts: list[int]) -> dict[int, tuple[str, str]]:
    query = select(Enrolment.account_id, Enrolment.arm, Enrolment.stratum).where(
        among(Enrolment.account_id, accounts),
        Enrolment.playbook_id == playbook.id,
        Enrolment.revision == playbook.revision,
    )
    return {row.account_id: (row.arm, row.stratum) for row in db.session.execute(query)}


def _counts(playbook: Playbook) -> Mapping[str, int]:
    """Count the places of each stratum's blocks that are taken."""
    query = (
        select(Enrolment.stratum, func.count(Enrolment.account_id.distinct()))
        .where(Enrolment.playbook_id == playbook.id, Enrolment.revision == playbook.revision)
        .group_by(Enrolment.stratum)
    )
    return dict(db.session.execute(query).all())
