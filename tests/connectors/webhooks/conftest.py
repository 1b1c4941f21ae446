"""Sources of webhooks, and deliveries brought into the book at once instead of by a worker."""

import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from sqlalchemy import text

from app.connectors.webhooks import normalising, sources
from app.connectors.webhooks.models import WebhookDelivery, WebhookSource
from app.connectors.webhooks.providers import PROVIDERS
from app.extensions import db
from tests.cast import NOW


@pytest.fixture
def source_of(workspace) -> Callable[[str], WebhookSource]:
    return lambda provider: sources.make_source(provider, provider.title(), None)


@pytest.fixture
def stripe(source_of) -> WebhookSource:
    return source_of("stripe")


def deliver(
    source: WebhookSource, *events: dict[str, Any], headers: dict[str, str] | None = None
) -> list[WebhookDelivery]:
    """Keep events as a receiver does, each once, whoever signed them."""
    kept = []
    for event in events:
        event_id, type_, at = PROVIDERS[source.provider].label(headers or {}, event)
        found = db.session.query(WebhookDelivery).filter_by(source_id=source.id, event_id=event_id).one_or_none()
        kept.append(found or _keep(source, event_id, type_, at, event))
    db.session.flush()
    return kept


def _keep(source, event_id, type_, at, event):
    made = WebhookDelivery(
        source_id=source.id, event_id=event_id, event_type=type_, happened_at=at or NOW, received_at=NOW, headers={},
        body=json.dumps(event).encode(), state="waiting",
    )  # fmt: skip
    db.session.add(made)
    db.session.flush()
    return made


def bring_in(source: WebhookSource, *events: dict[str, Any]) -> list[WebhookDelivery]:
    """Keep events and bring all that waits into the book."""
    kept = deliver(source, *events)
    work()
    return kept


def work() -> int:
    number = 0
    while done := normalising.normalise(NOW):
        number += done
    db.session.expire_all()
    return number


def rows(query: str, **values: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in db.session.execute(text(query), values)]


def stretches() -> list[tuple[Any, ...]]:
    """Give account, contract, plan, seats, ARR, first day, end and since when that is known, of every stretch."""
    return rows(
        "SELECT a.external_id, s.external_id, s.plan, s.seats, s.arr_minor, s.started_on, s.ended_on, s.end_known_at,"
        " s.is_trial FROM subscription s JOIN account a ON a.id = s.account_id"
        " ORDER BY 1, 2, s.started_on"
    )


def short(found: Iterable[tuple[Any, ...]] | None = None) -> list[tuple[Any, ...]]:
    """Give ARR, first day and end of every stretch."""
    return [(row[4], row[5], row[6]) for row in (stretches() if found is None else found)]


def moves() -> list[tuple[Any, ...]]:
    return rows("SELECT kind, moved_on, opening_minor, closing_minor FROM movement ORDER BY account_id, moved_on")


def invoices() -> list[tuple[Any, ...]]:
    return rows(
        "SELECT a.external_id, i.external_id, issued_on, due_on, paid_on, amount_minor FROM invoice i"
        " JOIN account a ON a.id = i.account_id ORDER BY 1, 2"
    )


def state_of(delivery: WebhookDelivery) -> tuple[str, str | None]:
    db.session.refresh(delivery)
    return delivery.state, delivery.reason or delivery.note
