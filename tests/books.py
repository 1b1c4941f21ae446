"""Small books for tests, written through the same verbs as real data."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from sqlalchemy import text

from app.accounts import summarising
from app.accounts.intake import recording
from app.accounts.queries import account_ids_by_external_id
from app.conversations.recording import record_interactions
from app.extensions import db
from app.usage.intake.ingesting import ensure_meters, ingest
from app.usage.ledger.keeping import events_of
from tests.cast import NOW, TODAY

searched = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
"""For properties that look into the database: each example works inside `afresh()`."""


@contextmanager
def afresh() -> Iterator[None]:
    """Undo what the block writes."""
    savepoint = db.session.begin_nested()
    try:
        yield
    finally:
        savepoint.rollback()
        db.session.expire_all()


KEPT_EVENTS = f"""
(SELECT b.workspace_id, b.received_at, b.id, b.source_id, e.* FROM usage_batch b CROSS JOIN LATERAL
 {events_of("b", "event_id", "account_id", "meter_id", "happened_at", "quantity", "person", "name", "properties")})"""
"""Events as they came, a row each: to be read FROM, under a name."""


def kept_events() -> list[Any]:
    """Give the events as they came, by id."""
    return list(db.session.execute(text(f"SELECT * FROM {KEPT_EVENTS} e ORDER BY event_id")))


def days_ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def at(day: date, hour: int = 12) -> datetime:
    return datetime.combine(day, time(hour), UTC)


def write_accounts(*external_ids: str, **fields: Any) -> list[int]:
    """Write accounts down and give their ids, in the order asked."""
    recording.record_accounts([{"external_id": each, "name": each.title()} | fields for each in external_ids], NOW)
    ids = account_ids_by_external_id(external_ids)
    return [ids[each] for each in external_ids]


def stretch(account: str, arr: int, started_on: date, ended_on: date | None = None, **fields: Any) -> dict[str, Any]:
    """Describe a stretch of a contract as connectors do; of a year's term if nothing else is said."""
    described = {"external_id": f"{account}-1", "account": account, "plan": "growth", "seats": 10, "term_months": 12}
    return described | {"arr_minor": arr, "started_on": started_on, "ended_on": ended_on} | fields


def subscribe(*stretches: dict[str, Any], today: date = TODAY) -> None:
    """Write stretches of contracts down; the summaries follow."""
    recording.record_subscriptions(stretches, NOW)
    summarising.refresh(None, today)


def use(account: str, days: dict[date, float], meter: str = "events", people: tuple[str | None, ...] = (None,)) -> None:
    """Have an account use a meter on some days, by each of `people`."""
    ensure_meters([meter])
    events = [
        {"event_id": f"{account}-{meter}-{day}-{person}", "account": account, "meter": meter, "quantity": quantity,
         "happened_at": at(day), "person": person}
        for day, quantity in days.items()
        for person in people
    ]  # fmt: skip
    ingest("test", events, NOW)


def say(account: str, *said: dict[str, Any], now: datetime = NOW) -> None:
    """Have interactions happen; each needs `happened_at`, the rest is an e-mail of theirs if nothing else is said."""
    records = [
        {"external_id": f"{account}-{n}-{words['happened_at']:%Y%m%d%H}", "account": account, "channel": "email",
         "direction": "in"} | words
        for n, words in enumerate(said)
    ]  # fmt: skip
    record_interactions("test", records, now)
