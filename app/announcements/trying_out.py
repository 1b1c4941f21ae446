"""A test event for one subscriber, to see whether the other side hears us."""

from datetime import datetime
from uuid import uuid4

from app.announcements.announcing import write_down
from app.announcements.events import TEST, Found
from app.announcements.models import Delivery, Subscriber
from app.extensions import db


def try_out(subscriber: Subscriber, workspace: str, now: datetime) -> Delivery:
    """Write down a test event and its delivery, for this subscriber alone, to be carried at once and once only."""
    data = {
        "why": f"This is a test event for “{subscriber.name}” from {workspace} on Perennial.",
        "subscriber": {"id": subscriber.id, "name": subscriber.name},
    }
    (announcement_id,) = write_down(TEST, [Found(f"subscriber:{subscriber.id}", uuid4().hex, data)], now)
    delivery = Delivery(
        subscriber_id=subscriber.id, announcement_id=announcement_id, next_attempt_at=now, created_at=now
    )
    db.session.add(delivery)
    db.session.flush()
    return delivery
