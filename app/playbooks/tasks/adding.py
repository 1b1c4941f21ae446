"""Adds a task by hand."""

from datetime import date, datetime, timedelta

from app.accounts.queries import get_account, members
from app.extensions import db
from app.identity.refusals import Refusal, refuse_longer
from app.playbooks.models import Task

LONGEST_TITLE, LONGEST_ADVICE = 200, 20_000
FURTHEST, OLDEST = timedelta(days=5 * 365), timedelta(days=365)
"""How far ahead a task may be due, and how long ago one that a machine brings along."""


def add_task(
    account_id: int, *, title: str, advice: str, owner_id: int, due_on: date, by: int | None, today: date, now: datetime
) -> Task:
    """Write down something to do for an account. Raises NotFoundError, or Refusal of a field."""
    get_account(account_id)
    if not title.strip():
        raise Refusal("title", "Say what is to be done.")
    refuse_longer("title", title.strip(), LONGEST_TITLE)
    refuse_longer("advice", advice.strip(), LONGEST_ADVICE)
    first = today if by is not None else today - OLDEST
    if not first <= due_on <= today + FURTHEST:
        raise Refusal("due_on", f"Choose a day from {first:%-d %b %Y} to {today + FURTHEST:%-d %b %Y}.")
    if owner_id not in {person.id for person in members()}:
        raise Refusal("owner_id", "Choose somebody of this workspace.")
    task = Task(account_id=account_id, title=title.strip(), advice=advice.strip(), owner_id=owner_id)
    task.due_on, task.created_by, task.created_at = due_on, by, now
    db.session.add(task)
    db.session.flush()
    return task
