"""Reads of webhooks."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text

from app.connectors.webhooks.models import WebhookDelivery, WebhookSecret, WebhookSource
from app.core import tenancy
from app.core.problems import NotFoundError
from app.extensions import db

PAGE = 50


@dataclass(frozen=True)
class Deliveries:
    """A page of deliveries, the newest first, and the number before which the next page begins."""

    rows: list[Any]
    before: int | None


def find_source(provider: str, token: str) -> WebhookSource | None:
    """Find the source behind an address of the workspace in force."""
    query = select(WebhookSource).where(WebhookSource.provider == provider, WebhookSource.token == token)
    return db.session.scalars(query).one_or_none()


def get_source(source_id: int) -> WebhookSource:
    """Give a source. Raises NotFoundError."""
    found: WebhookSource | None = db.session.get(WebhookSource, (tenancy.workspace_id(), source_id))
    if found is None:
        raise NotFoundError("webhook")
    return found


def get_delivery(delivery_id: int, *, for_update: bool = False) -> WebhookDelivery:
    """Give a delivery; `for_update`: as it stands when nobody else is changing it. Raises NotFoundError."""
    key = (tenancy.workspace_id(), delivery_id)
    found: WebhookDelivery | None = db.session.get(
        WebhookDelivery, key, with_for_update=for_update or None, populate_existing=for_update
    )
    if found is None:
        raise NotFoundError("delivery")
    return found


def sources() -> list[WebhookSource]:
    """Give the sources, in the order they were made."""
    return list(db.session.scalars(select(WebhookSource).order_by(WebhookSource.id).limit(200)))


def secrets_of(source_id: int) -> list[WebhookSecret]:
    """Give the active secrets of a source, the newest first."""
    query = select(WebhookSecret).where(WebhookSecret.source_id == source_id).order_by(WebhookSecret.id.desc())
    return list(db.session.scalars(query))


def unfinished() -> dict[int, int]:
    """Give how many deliveries of each source are held or failed."""
    query = text(
        "SELECT source_id, count(*) FROM webhook_delivery WHERE state IN ('held', 'failed') GROUP BY source_id"
    )
    return {row[0]: row[1] for row in db.session.execute(query)}


def deliveries_of(source_id: int, state: str | None, before: int | None) -> Deliveries:
    """Give deliveries of a source without their bodies, of one state or all, older than a number."""
    columns = (
        WebhookDelivery.id, WebhookDelivery.event_type, WebhookDelivery.event_id, WebhookDelivery.state,
        WebhookDelivery.reason, WebhookDelivery.note, WebhookDelivery.received_at, WebhookDelivery.repeats,
    )  # fmt: skip
    query = select(*columns).where(WebhookDelivery.source_id == source_id)
    query = query.where(WebhookDelivery.state == state) if state else query
    query = query.where(WebhookDelivery.id < before) if before else query
    rows = list(db.session.execute(query.order_by(WebhookDelivery.id.desc()).limit(PAGE + 1)))
    return Deliveries(rows[:PAGE], rows[PAGE - 1].id if len(rows) > PAGE else None)


def facts_of(delivery_id: int) -> list[Any]:
    """Give what a delivery was understood to say."""
    query = text(
        "SELECT kind, object_id, family, said FROM webhook_fact WHERE delivery_id = :id ORDER BY kind, object_id"
    )
    return list(db.session.execute(query, {"id": delivery_id}))
