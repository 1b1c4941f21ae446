"""Gives a leader the task to look after the churn model when a check has found it wanting."""

from datetime import date, datetime, timedelta

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import aliased

from app.extensions import db
from app.health.models import ModelCheck
from app.playbooks.models import Task
from app.playbooks.tasks.planning import leaders, working_day

QUIET = timedelta(days=30)
"""How long nobody is told again of the same version."""
TITLE = "Look at the churn model: it may no longer fit the book"
ADVICE = "Open Model, look at what has moved, and decide whether to train anew or go back to an earlier version."


def warn_of_model(today: date, now: datetime) -> Task | None:
    """Claim the newest check that found a breach nobody was told of, and make a task of it; None when there is none."""
    check = db.session.scalars(_untold(now)).first()
    if check is None:
        return None
    check.told_at = now
    task = Task(title=TITLE, advice=f"{check.breach} {ADVICE}", owner_id=next(iter(leaders()), None))
    task.due_on, task.created_at = working_day(today, 2), now
    db.session.add(task)
    db.session.flush()
    return task


def _untold(now: datetime) -> Select[ModelCheck]:
    earlier = aliased(ModelCheck)
    was_told = exists().where(
        earlier.workspace_id == ModelCheck.workspace_id,
        earlier.model_version_id == ModelCheck.model_version_id,
        earlier.told_at > now - QUIET,
    )
    newest = select(ModelCheck.checked_on).order_by(ModelCheck.checked_on.desc()).limit(1).scalar_subquery()
    query = select(ModelCheck).where(ModelCheck.checked_on == newest, ModelCheck.breach != "", ~was_told)
    return query.with_for_update(skip_locked=True)
