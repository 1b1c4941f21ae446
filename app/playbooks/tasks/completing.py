"""Completes a task with what came of it, and takes that back."""

from datetime import datetime

from sqlalchemy import delete, update

from app.core import tenancy
from app.core.problems import NotFoundError
from app.extensions import db
from app.identity.refusals import Refusal, refuse_longer
from app.playbooks.models import RESULTS, WITHDRAWN, Completion, Task

MOST_LETTERS = 2_000
"""How long a note may be."""


def complete(task_id: int, result: str, note: str, by: int | None, now: datetime) -> Task:
    """Close a task. Doing it twice changes nothing. Raises NotFoundError, or Refusal of a field."""
    if result not in RESULTS:
        raise Refusal("result", f"Say what came of it: {', '.join(RESULTS)}.")
    refuse_longer("note", note, MOST_LETTERS)
    task = get_task(task_id)
    if _set_open(task_id, False):
        db.session.add(Completion(task_id=task_id, result=result, note=note, completed_by=by, completed_at=now))
        db.session.flush()
    return task


def reopen(task_id: int) -> Task:
    """Take a completion back. What was withdrawn stays so. Raises NotFoundError."""
    task = get_task(task_id)
    gone = delete(Completion).where(Completion.task_id == task_id, Completion.result != WITHDRAWN)
    if db.session.execute(gone.returning(Completion.task_id)).scalar() is not None:
        _set_open(task_id, True)
    return task


def get_task(task_id: int) -> Task:
    """Give a task of the workspace in force. Raises NotFoundError."""
    task = db.session.get(Task, (tenancy.workspace_id(), task_id))
    if task is None:
        raise NotFoundError("task")
    return task


def _set_open(task_id: int, is_open: bool) -> bool:
    """Turn the flag; says whether it was the other way before, so that of two at once one completes."""
    turned = update(Task).where(Task.id == task_id, Task.is_open.is_(not is_open)).values(is_open=is_open)
    return db.session.execute(turned.returning(Task.id)).scalar() is not None
