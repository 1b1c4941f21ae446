"""Adds a task by hand."""

from datetime import date, datetime

from app.accounts.queries import get_account, members
from app.extensions import db
from app.identity.refusals import Refusal
from app.playbooks.models import Task


def add_task(
    account_id: int, *, title: str, advice: str, owner_id: int, due_on: date, by: int | None, now: datetime
) -> Task:
    """Write down something to do for an account. Raises NotFoundError, or Refusal of a field."""
    get_account(account_id)
    if not title.strip():
        raise Refusal("title", "Say what is to be done.")
    if owner_id not in {person.id for person in members()}:
        raise Refusal("owner_id", "Choose somebody of this workspace.")
    task = Task(account_id=account_id, title=title.strip(), advice=advice.strip(), owner_id=owner_id)
    task.due_on, task.created_by, task.created_at = due_on, by, now
    db.session.add(task)
    db.session.flush()
    return task
