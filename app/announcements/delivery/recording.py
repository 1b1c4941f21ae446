"""Records what came of a try, for its deliveries and for their subscriber."""

from datetime import datetime, timedelta

from sqlalchemy import update

from app.announcements.delivery.giving_up import give_up
from app.announcements.delivery.judging import Outcome, Verdict, is_hopeless, judge
from app.announcements.delivery.parcel import Message, Parcel
from app.announcements.events import TEST
from app.announcements.models import Delivery, DeliveryAttempt, Subscriber
from app.core import queue, tenancy
from app.extensions import db


def record(parcel: Parcel, outcome: Outcome, now: datetime, base_url: str) -> None:
    """Write down a try, what follows for each delivery in it, and ask for the next one."""
    subscriber = _lock_subscriber(parcel.subscriber_id)
    if subscriber is None:
        return
    failures = 0 if outcome.is_taken else subscriber.failures + 1
    verdicts = [_settle(message, outcome, failures, now) for message in parcel.messages]
    if outcome.is_taken or any(message.type != TEST for message in parcel.messages):
        _count(subscriber, outcome, verdicts[0], failures, now)
    if subscriber.kind != "mail" and subscriber.failing_since is not None:
        why = is_hopeless(outcome, subscriber.failures, subscriber.failing_since, now)
        if why:
            give_up(subscriber, why, now, base_url)
            return
    _ask_for_next(subscriber, verdicts)


def _lock_subscriber(subscriber_id: int) -> Subscriber | None:
    place = (tenancy.workspace_id(), subscriber_id)
    return db.session.get(Subscriber, place, with_for_update=True, populate_existing=True)


def _settle(message: Message, outcome: Outcome, failures: int, now: datetime) -> Verdict:
    """Write down the try; a delivery that was sent again or dropped meanwhile is left as it is."""
    verdict = judge(outcome, message.delivery_id, message.attempts, message.first_tried_at, failures, now)
    db.session.add(_attempt(message.delivery_id, outcome, now))
    values = {"state": verdict.state, "finished_at": None if verdict.state == "waiting" else now}
    if verdict.next_attempt_at is not None:
        values["next_attempt_at"] = verdict.next_attempt_at
    same = (Delivery.id == message.delivery_id, Delivery.state == "waiting", Delivery.attempts == message.attempts)
    db.session.execute(update(Delivery).where(*same).values(**values))
    return verdict


def _attempt(delivery_id: int, outcome: Outcome, now: datetime) -> DeliveryAttempt:
    return DeliveryAttempt(
        delivery_id=delivery_id,
        tried_at=now,
        duration_ms=outcome.duration_ms,
        status=outcome.status,
        answer=outcome.answer,
        error=outcome.error,
    )


def _count(subscriber: Subscriber, outcome: Outcome, verdict: Verdict, failures: int, now: datetime) -> None:
    subscriber.failures = failures
    subscriber.failing_since = None if outcome.is_taken else subscriber.failing_since or now
    subscriber.resting_until = verdict.rest_until
    db.session.flush()


def _ask_for_next(subscriber: Subscriber, verdicts: list[Verdict]) -> None:
    """Ask for a try when one of these deliveries is due again, or when the subscriber's rest is over."""
    wishes = {verdict.next_attempt_at for verdict in verdicts} | {subscriber.resting_until}
    for at in sorted(filter(None, wishes)):
        when = _full_second(max(at, subscriber.resting_until or at))
        queue.defer("deliver", unique_key=f"{subscriber.id} at {when}", run_at=when, subscriber_id=subscriber.id)


def _full_second(at: datetime) -> datetime:
    """Give the next full second, so that a thousand that failed together are taken up by a few jobs."""
    return (at + timedelta(microseconds=999_999)).replace(microsecond=0)
