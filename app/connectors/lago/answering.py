"""Takes events of Lago's clients and answers in the words that these read."""

from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from flask import Response

from app.connectors import doors
from app.connectors.lago.translating import PROTOCOL, translate
from app.connectors.saying import UnusableError, moment_of
from app.core import clock


def take_one(event: Any) -> Response:
    """Take one event: 200 with the event, also for a repeat; 422 for one that is wrong, which is kept."""
    doors.receive(PROTOCOL, [event])
    wrong = _wrong(event)
    return _refusal({0: wrong}) if wrong else doors.plain(event=_told(event))


def take_many(events: list[Any]) -> Response:
    """Take a batch: 200 with the events; 422 when some are wrong, by index: those are kept, the others counted."""
    doors.receive(PROTOCOL, events)
    wrong = {n: why for n, event in enumerate(events) if (why := _wrong(event))}
    return _refusal(wrong) if wrong else doors.plain(events=[_told(event) for event in events])


def _wrong(event: Any) -> UnusableError | None:
    """Say what is wrong with an event in itself; an account or meter that is not known yet is no mistake in it."""
    if not isinstance(event, Mapping):
        return UnusableError("event", "must be an object")
    try:
        translate(event, clock.utc_now())
    except UnusableError as error:
        return error
    return None


def _told(event: Mapping[str, Any]) -> dict[str, Any]:
    now = clock.utc_now()
    at = moment_of(event, "timestamp") or now
    return {
        "lago_id": str(uuid5(NAMESPACE_URL, f"{event['external_subscription_id']} {event['transaction_id']}")),
        "transaction_id": event["transaction_id"],
        "external_subscription_id": event["external_subscription_id"],
        "code": event["code"],
        "timestamp": at.isoformat().replace("+00:00", "Z"),
        "properties": event.get("properties") or {},
        "precise_total_amount_cents": event.get("precise_total_amount_cents"),
        "lago_subscription_id": None,
        "lago_customer_id": None,
        "created_at": now.isoformat().replace("+00:00", "Z"),
    }


def _refusal(wrong: Mapping[int, UnusableError]) -> Response:
    single = list(wrong) == [0]
    details: dict[str, Any] = {str(n): {error.field: [error.detail]} for n, error in wrong.items()}
    if single:
        details = details["0"]
    return doors.plain(422, status=422, error="Unprocessable Entity", code="validation_errors", error_details=details)
