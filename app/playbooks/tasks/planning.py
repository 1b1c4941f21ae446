"""Turns a playbook's steps into tasks: who is to do them, and by which working day."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select, text

from app.core.bulk.upserting import as_json
from app.extensions import db
from app.identity.models import Membership

ROLES = {"owner": "account owner", "leader": "leader"}

_PLAN = text(
    """
INSERT INTO task (account_id, enrolment_id, playbook_id, step, title, advice, due_on, created_at, owner_id)
SELECT e.account_id, e.id, e.playbook_id, d.step, d.title, d.advice,
       CASE WHEN s.renews_on > CAST(:today AS date) THEN least(d.due_on, s.renews_on) ELSE d.due_on END, :now,
       CASE WHEN d.role = 'owner' THEN coalesce(s.owner_id, leader_id) ELSE coalesce(leader_id, s.owner_id) END
FROM (SELECT CAST(:leaders AS bigint[]) AS leaders) x CROSS JOIN enrolment e
JOIN account_summary s ON s.workspace_id = e.workspace_id AND s.account_id = e.account_id
CROSS JOIN LATERAL (SELECT leaders[1 + e.account_id % nullif(cardinality(leaders), 0)] AS leader_id) l
CROSS JOIN json_to_recordset(CAST(:steps AS json)) AS d (step int, role text, title text, advice text, due_on date)
WHERE e.id = ANY(:enrolments)
ORDER BY e.id, d.step
"""
)


def plan(steps: Sequence[Mapping[str, Any]], enrolments: Sequence[int], today: date, now: datetime) -> None:
    """Write a task for every step of every enrolment; none is due after the renewal that lies ahead.

    An account that nobody owns falls to a leader, and leaders share the accounts among them.
    """
    dated = [
        {**step, "step": number, "due_on": working_day(today, step["after_days"])} for number, step in enumerate(steps)
    ]
    values = {"steps": as_json(dated), "leaders": leaders(), "enrolments": list(enrolments)}
    db.session.execute(_PLAN, values | {"now": now, "today": today})


def working_day(start: date, after_days: int) -> date:
    """Give the day `after_days` working days after `start`; 0 is `start` itself, or the Monday after a weekend."""
    day = start + timedelta(days=7 - start.weekday() if start.weekday() > 4 else 0)
    weeks, days = divmod(after_days, 5)
    over_weekend = 2 if day.weekday() + days > 4 else 0
    return day + timedelta(days=weeks * 7 + days + over_weekend)


def leaders() -> list[int]:
    """Give the leaders; in a workspace without any, its administrators."""
    query = select(Membership.user_id, Membership.role).where(Membership.role.in_(("leader", "admin")))
    people = db.session.execute(query.order_by(Membership.user_id)).all()
    return [row.user_id for row in people if row.role == "leader"] or [row.user_id for row in people]
