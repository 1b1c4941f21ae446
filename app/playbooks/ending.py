"""Ends enrolments, and withdraws what is still to be done for them, with the reason."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from sqlalchemy import and_, select, text, update

from app.accounts.models import AccountSummary
from app.core.bulk.among import among
from app.extensions import db
from app.playbooks.models import WITHDRAWN, Enrolment, Playbook
from app.playbooks.triggers import trigger_of
from app.playbooks.triggers.trigger import Condition

_WITHDRAW = text(
    "WITH withdrawn AS ("
    "  UPDATE task SET is_open = false WHERE enrolment_id = ANY(:enrolments) AND is_open RETURNING workspace_id, id)"
    " INSERT INTO completion (workspace_id, task_id, result, note, completed_at)"
    " SELECT workspace_id, id, :result, :why, :now FROM withdrawn"
)


def end_met(playbooks: Iterable[Playbook], today: date, now: datetime) -> int:
    """End the enrolments whose account has left or no longer needs the playbook. Gives how many."""
    return sum(
        end(_met(playbook.id, condition), why, today, now)
        for playbook in playbooks
        for condition, why in (
            (AccountSummary.arr_minor == 0, "the account has left"),
            *trigger_of(playbook.trigger).exits(playbook.trigger, today),
        )
    )


def end(enrolments: Sequence[int], why: str, today: date, now: datetime) -> int:
    """End these enrolments, as far as they are open, and withdraw their open tasks. Gives how many were ended."""
    if not enrolments:
        return 0
    still_open = (among(Enrolment.id, enrolments), Enrolment.ended_on.is_(None))
    ended = update(Enrolment).where(*still_open).values(ended_on=today, ended_why=why).returning(Enrolment.id)
    ids = db.session.scalars(ended.execution_options(synchronize_session=False)).all()
    db.session.execute(_WITHDRAW, {"enrolments": list(ids), "result": WITHDRAWN, "why": why, "now": now})
    return len(ids)


def open_enrolments(playbook_id: int) -> Sequence[int]:
    """Give the open enrolments of a playbook."""
    query = select(Enrolment.id).where(Enrolment.playbook_id == playbook_id, Enrolment.ended_on.is_(None))
    return db.session.scalars(query).all()


def _met(playbook_id: int, condition: Condition) -> Sequence[int]:
    same = and_(
        Enrolment.workspace_id == AccountSummary.workspace_id, Enrolment.account_id == AccountSummary.account_id
    )
    query = select(Enrolment.id).join(AccountSummary, same).where(Enrolment.ended_on.is_(None), condition)
    return db.session.scalars(query.where(Enrolment.playbook_id == playbook_id)).all()
