"""Turns a playbook's steps into tasks: who is to do them, and by which working day."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select

from app.extensions import db
from app.identity.models import Membership
from app.playbooks.models import Task

ROLES = {"owner": "account owner", "leader": "leader"}


def plan(
    steps: Sequence[Mapping[str, Any]],
    enrolments: Sequence[Any],
    owners: Mapping[int, int | None],
    today: date,
    now: datetime,
) -> None:
    """Write a task for every step of every enrolment (rows with id, account_id). `owners`: account → its owner."""
    leaders = _leaders()
    tasks = [
        {
            "account_id": enrolment.account_id,
            "enrolment_id": enrolment.id,
            "step": number,
            "title": step["title"],
            "advice": step["advice"],
            "owner_id": _doer(step["role"], enrolment.account_id, owners[enrolment.account_id], leaders),
            "due_on": working_day(today, step["after_days"]),
            "created_at": now,
        }
        for enrolment in enrolments
        for number, step in enumerate(steps)
    ]
    if tasks:
        db.session.execute(insert(Task), tasks)


def working_day(start: date, after_days: int) -> date:
    """Give the day `after_days` working days after `start`; 0 is `start` itself, or the Monday after a weekend."""
    day = start + timedelta(days=7 - start.weekday() if start.weekday() > 4 else 0)
    weeks, days = divmod(after_days, 5)
    over_weekend = 2 if day.weekday() + days > 4 else 0
    return day + timedelta(days=weeks * 7 + days + over_weekend)


def _doer(role: str, account_id: int, owner_id: int | None, leaders: Sequence[int]) -> int | None:
    """Give whose task it is. An account that nobody owns falls to a leader; leaders share accounts evenly."""
    if role == "owner" and owner_id is not None:
        return owner_id
    return leaders[account_id % len(leaders)] if leaders else owner_id


def _leaders() -> Sequence[int]:
    """Give the leaders; in a workspace without any, its administrators."""
    query = select(Membership.user_id, Membership.role).where(Membership.role.in_(("leader", "admin")))
    people = db.session.execute(query.order_by(Membership.user_id)).all()
    return [row.user_id for row in people if row.role == "leader"] or [row.user_id for row in people]
