"""Sends again by hand what failed or was dropped: the same message, with the same id, in a new round of tries."""

from datetime import datetime

from sqlalchemy import text

from app.announcements.models import Delivery, Subscriber
from app.core import queue
from app.core.problems import Problem
from app.extensions import db

_AGAIN = """
UPDATE delivery SET state = 'waiting', attempts = 0, first_tried_at = NULL, finished_at = NULL, next_attempt_at = :now
WHERE subscriber_id = :subscriber AND {which} RETURNING id
"""


def redeliver(delivery: Delivery, subscriber: Subscriber, now: datetime) -> None:
    """Send one delivery again, whatever came of it. One that waits is tried now. Raises Problem when it is off."""
    _again(subscriber, "id = :delivery", now, delivery=delivery.id)


def redeliver_failed(subscriber: Subscriber, now: datetime) -> int:
    """Send everything again that failed or was dropped; gives how many. Raises Problem when the subscriber is off."""
    return _again(subscriber, "state IN ('failed', 'dropped')", now)


def _again(subscriber: Subscriber, which: str, now: datetime, **values: int) -> int:
    if subscriber.disabled_at is not None:
        raise Problem(409, f"“{subscriber.name}” is switched off. Switch it on first.", "switched_off")
    values = {"subscriber": subscriber.id, **values}
    found = db.session.scalars(text(_AGAIN.format(which=which)), values | {"now": now}).all()
    subscriber.resting_until = None
    queue.defer("deliver", unique_key=f"{subscriber.id}", subscriber_id=subscriber.id)
    db.session.flush()
    return len(found)
