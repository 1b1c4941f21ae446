"""What the notification pages show."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, text

from app.announcements.events import headline
from app.announcements.models import Announcement, Delivery, DeliveryAttempt
from app.core import tenancy
from app.core.problems import NotFoundError
from app.extensions import db

PAGE = 50
STATES = ("waiting", "delivered", "failed", "dropped")

_SUBSCRIBERS = """
SELECT s.*, counted.waiting, counted.failed, counted.last_at
FROM subscriber s
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE d.state = 'waiting') AS waiting,
           count(*) FILTER (WHERE d.state IN ('failed', 'dropped')) AS failed,
           max(d.finished_at) FILTER (WHERE d.state = 'delivered') AS last_at
    FROM delivery d WHERE d.workspace_id = s.workspace_id AND d.subscriber_id = s.id
) counted
WHERE s.kind <> 'mail' ORDER BY s.name, s.id
"""
_DELIVERIES = """
SELECT d.id, d.announcement_id, d.state, d.attempts, d.next_attempt_at, d.finished_at, n.type, n.data, n.occurred_at,
       last.status, last.error, last.tried_at
FROM delivery d
JOIN announcement n ON n.workspace_id = d.workspace_id AND n.id = d.announcement_id
LEFT JOIN LATERAL (
    SELECT a.status, a.error, a.tried_at FROM delivery_attempt a
    WHERE a.workspace_id = d.workspace_id AND a.delivery_id = d.id ORDER BY a.id DESC LIMIT 1
) last ON true
WHERE d.subscriber_id = :subscriber AND (CAST(:state AS text) IS NULL OR d.state = :state)
  AND (CAST(:before AS bigint) IS NULL OR d.announcement_id < :before)
ORDER BY d.announcement_id DESC LIMIT :limit
"""


@dataclass(frozen=True)
class Line:
    """A delivery in a list."""

    id: int
    announcement_id: int
    state: str
    attempts: int
    type: str
    headline: str
    occurred_at: datetime
    next_attempt_at: datetime
    status: int | None
    error: str | None
    tried_at: datetime | None


def subscribers() -> list[Any]:
    """Give the webhooks and Slack channels with what waits, what failed and when one was last told."""
    return list(db.session.execute(text(_SUBSCRIBERS)))


def deliveries_to(
    subscriber_id: int, state: str | None = None, before: int | None = None
) -> tuple[list[Line], int | None]:
    """Give a page of a subscriber's deliveries, the newest first, and where the next page begins."""
    values = {"subscriber": subscriber_id, "state": state, "before": before, "limit": PAGE + 1}
    rows = list(db.session.execute(text(_DELIVERIES), values))
    lines = [_line(row) for row in rows[:PAGE]]
    return lines, lines[-1].announcement_id if len(rows) > PAGE else None


def get_delivery(subscriber_id: int, delivery_id: int) -> tuple[Delivery, Announcement]:
    """Give a delivery of a subscriber with what it carries. Raises NotFoundError."""
    delivery = db.session.get(Delivery, (tenancy.workspace_id(), delivery_id))
    if delivery is None or delivery.subscriber_id != subscriber_id:
        raise NotFoundError("delivery")
    return delivery, db.session.get_one(Announcement, (tenancy.workspace_id(), delivery.announcement_id))


def attempts_of(delivery_id: int) -> list[DeliveryAttempt]:
    """Give the tries of a delivery, the newest first."""
    query = select(DeliveryAttempt).where(DeliveryAttempt.delivery_id == delivery_id)
    return list(db.session.scalars(query.order_by(DeliveryAttempt.id.desc()).limit(PAGE)))


def _line(row: Any) -> Line:
    return Line(
        id=row.id,
        announcement_id=row.announcement_id,
        state=row.state,
        attempts=row.attempts,
        type=row.type,
        headline=headline(row.type, row.data),
        occurred_at=row.occurred_at,
        next_attempt_at=row.next_attempt_at,
        status=row.status,
        error=row.error,
        tried_at=row.tried_at,
    )
