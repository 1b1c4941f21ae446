"""Enrols accounts in a playbook: draws the arm, writes it down, and only then plans what is to be done."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select, text

from app.core.bulk.among import among
from app.core.bulk.upserting import as_json
from app.extensions import db
from app.playbooks.models import Enrolment, Playbook
from app.playbooks.tasks.planning import plan
from app.playbooks.trial.drawing import TREATED, Thirds, draw
from app.playbooks.triggers import trigger_of

_BOOK = text(
    "SELECT percentile_disc(ARRAY[1/3.0, 2/3.0]) WITHIN GROUP (ORDER BY risk) AS risk,"
    " percentile_disc(ARRAY[1/3.0, 2/3.0]) WITHIN GROUP (ORDER BY arr_minor) AS arr, avg(risk) AS mean_risk"
    " FROM account_summary WHERE arr_minor > 0"
)
_ENROL = text(
    "INSERT INTO enrolment"
    " (playbook_id, revision, account_id, arm, stratum, why, arr_minor, risk, enrolled_on, enrolled_at)"
    " SELECT :playbook, :revision, account_id, arm, stratum, why, arr_minor, risk, :today, :now"
    " FROM json_to_recordset(CAST(:drawn AS json))"
    " AS d (account_id bigint, arm text, stratum text, why text, arr_minor bigint, risk float8)"
    " RETURNING id, arm"
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
    arms, trigger = _draw(playbook, rows, book), trigger_of(playbook.trigger)
    drawn = [_drawn(row, *arms[row.account_id], trigger.why(playbook.trigger, row)) for row in rows]
    values = {"playbook": playbook.id, "revision": playbook.revision, "drawn": as_json(drawn)}
    enrolments = db.session.execute(_ENROL, values | {"today": today, "now": now}).all()
    plan(playbook.steps, [each.id for each in enrolments if each.arm == TREATED], today, now)
    return len(enrolments)


def _drawn(row: Any, arm: str, stratum: str, why: str) -> dict[str, Any]:
    account = {"account_id": row.account_id, "arr_minor": row.arr_minor, "risk": row.risk}
    return account | {"arm": arm, "stratum": stratum, "why": why}


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
