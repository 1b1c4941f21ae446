"""Puts an account off a person's day until a date, and back on it."""

from datetime import date, datetime

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from app.accounts.queries import get_account
from app.extensions import db
from app.identity.refusals import Refusal
from app.playbooks.models import Snooze


def snooze(account_id: int, user_id: int, until: date, today: date, now: datetime) -> None:
    """Leave an account off a person's day before `until`. Raises NotFoundError, or Refusal of a day gone by."""
    if until <= today:
        raise Refusal("until", "Choose a day after today.")
    get_account(account_id)
    values = {"until": until, "snoozed_at": now}
    query = insert(Snooze).values(account_id=account_id, user_id=user_id, **values)
    keys = ("workspace_id", "account_id", "user_id")
    db.session.execute(query.on_conflict_do_update(index_elements=keys, set_=values))


def wake(account_id: int, user_id: int) -> None:
    """Put an account back on a person's day."""
    db.session.execute(delete(Snooze).where(Snooze.account_id == account_id, Snooze.user_id == user_id))
