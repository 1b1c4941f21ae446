"""Claims what is due for a subscriber, so that two workers never carry the same thing at once."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, text

from app.announcements.delivery.parcel import Message, Parcel
from app.announcements.models import Subscriber
from app.core import tenancy
from app.extensions import db
from app.identity.models import User, Workspace

LEASE = timedelta(minutes=2)
"""After this a worker that has said nothing is held for lost, and the delivery is tried again."""
A_FEW = 5
"""Letters that are due at the same time; more of them become one."""
IN_ONE_LETTER = 200

_TAKE = """
WITH due AS MATERIALIZED (
    SELECT workspace_id, id FROM delivery
    WHERE subscriber_id = :subscriber AND state = 'waiting' AND next_attempt_at <= :now
      AND (CAST(:only AS bigint) IS NULL OR id = :only)
    ORDER BY next_attempt_at, id LIMIT :limit FOR UPDATE SKIP LOCKED)
UPDATE delivery d SET attempts = attempts + 1, first_tried_at = coalesce(first_tried_at, :now),
                      next_attempt_at = :lease_until
FROM due, announcement n
WHERE (d.workspace_id, d.id) = (due.workspace_id, due.id)
  AND (n.workspace_id, n.id) = (d.workspace_id, d.announcement_id)
RETURNING d.id AS delivery_id, n.id AS announcement_id, n.message_id, n.type, n.occurred_at, n.account_id, n.data,
          d.attempts, d.first_tried_at
"""
"""Materialized: a sub-query with a limit in WHERE may be run once a row, and would then take more than it says."""
_COUNT_DUE = """
SELECT count(*) FROM (SELECT FROM delivery WHERE subscriber_id = :subscriber AND state = 'waiting'
                      AND next_attempt_at <= :now LIMIT :limit) due
"""


def claim(subscriber_id: int, now: datetime, only: int | None = None) -> Parcel | None:
    """Take what is due next for a subscriber; `only` that delivery, though its subscriber be off or left in peace.

    Commit before it is carried: the claim holds for LEASE and no longer.
    """
    subscriber = db.session.get(Subscriber, (tenancy.workspace_id(), subscriber_id))
    if subscriber is None or (only is None and not subscriber.is_told_at(now)):
        return None
    messages = _take(subscriber, now, only)
    return _parcel(subscriber, messages, now) if messages else None


def _take(subscriber: Subscriber, now: datetime, only: int | None) -> tuple[Message, ...]:
    values = {"subscriber": subscriber.id, "now": now, "lease_until": now + LEASE, "only": only}
    values["limit"] = _how_many(subscriber, now)
    taken = db.session.execute(text(_TAKE), values).mappings()
    messages = [Message(**(dict(row) | {"message_id": f"msg_{row['message_id'].hex}"})) for row in taken]
    return tuple(sorted(messages, key=lambda message: message.announcement_id))


def _how_many(subscriber: Subscriber, now: datetime) -> int:
    if subscriber.kind != "mail":
        return 1
    values = {"subscriber": subscriber.id, "now": now, "limit": A_FEW + 1}
    is_much = db.session.execute(text(_COUNT_DUE), values).scalar_one() > A_FEW
    return IN_ONE_LETTER if subscriber.pace == "daily" or is_much else 1


def _parcel(subscriber: Subscriber, messages: tuple[Message, ...], now: datetime) -> Parcel:
    person = _person(subscriber.user_id)
    return Parcel(
        workspace_id=subscriber.workspace_id,
        workspace=db.session.get_one(Workspace, subscriber.workspace_id).name,
        subscriber_id=subscriber.id,
        kind=subscriber.kind,
        name=subscriber.name,
        url=subscriber.url,
        secrets=subscriber.secrets_at(now),
        user_id=subscriber.user_id,
        email=person.email if person else None,
        person=person.name if person else None,
        pace=subscriber.pace,
        messages=messages,
    )


def _person(user_id: int | None) -> Any:
    return db.session.execute(select(User.email, User.name).where(User.id == user_id)).one_or_none()
