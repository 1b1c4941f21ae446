"""Keeps what comes in: checked against the secrets, byte for byte, once, before anything is made of it.

What it was understood to say outlives its words: these are forgotten when their time is over.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec
from sqlalchemy import Boolean, literal_column, select, text
from sqlalchemy.dialects.postgresql import insert

from app.connectors.webhooks.models import WebhookDelivery, WebhookSecret, WebhookSource
from app.connectors.webhooks.provider import BadSignatureError, Envelope, Headers, Provider, UnusableError
from app.connectors.webhooks.providers import PROVIDERS
from app.core import queue
from app.extensions import db

_LONGEST = 200
AT_ONCE = 5_000
_RECEIVERS = "hashtextextended('webhook receivers ' || current_setting('app.workspace_id'), 0)"


@dataclass(frozen=True)
class Received:
    """What became of a message: the number it is kept under, and whether it was there already."""

    delivery_id: int
    is_repeat: bool


def receive(source: WebhookSource, headers: Headers, body: bytes, now: datetime) -> Received:
    """Keep a message and ask for it to be brought into the book. Raises BadSignatureError.

    A repeat is only counted. Whoever knows the secret is believed to have sent JSON; what is none is kept all the same.
    """
    provider = PROVIDERS[source.provider]
    provider.verify(headers, body, _secrets(source.id), now)
    envelope = _envelope(provider, headers, body)
    db.session.execute(text(f"SELECT pg_advisory_xact_lock_shared({_RECEIVERS})"))
    received = _keep(source, envelope, _kept(provider, headers), body, now)
    if not received.is_repeat:
        queue.defer("normalise_deliveries", unique_key="waiting")
    _note_heard(source.id, now)
    return received


def let_receivers_finish() -> None:
    """Wait until those who are just keeping a message have committed it.

    One that found this job still waiting asked for no other; when this returns, what it kept is seen.
    """
    db.session.execute(text(f"SELECT pg_advisory_xact_lock({_RECEIVERS})"))


def forget_before(moment: datetime) -> int:
    """Forget the words of at most AT_ONCE messages settled before a moment; what waits for a person stays. Gives how
    many."""
    forgotten = db.session.execute(
        text(
            "WITH over AS MATERIALIZED (SELECT id FROM webhook_delivery"
            " WHERE state IN ('done', 'ignored') AND settled_at < :moment AND body IS NOT NULL LIMIT :most)"
            " UPDATE webhook_delivery SET body = NULL, headers = '{}' FROM over WHERE webhook_delivery.id = over.id"
            " RETURNING 1"
        ),
        {"moment": moment, "most": AT_ONCE},
    )
    return len(forgotten.all())


def note_refused(source: WebhookSource, why: str, now: datetime) -> None:
    """Write on a source that somebody without the secret knocked, for its people to see."""
    db.session.execute(
        text(
            "UPDATE webhook_source SET refused_at = :now, refused_why = :why WHERE id = :id"
            " AND (refused_at IS NULL OR refused_why IS DISTINCT FROM :why OR refused_at < :now - interval '5 seconds')"
        ),
        {"id": source.id, "why": why, "now": now},
    )


def _secrets(source_id: int) -> list[str]:
    query = select(WebhookSecret.secret).where(WebhookSecret.source_id == source_id).order_by(WebhookSecret.id.desc())
    found = list(db.session.scalars(query))
    if not found:
        raise BadSignatureError("No secret has been entered yet: enter the one that the sender shows.")
    return found


def _envelope(provider: Provider, headers: Headers, body: bytes) -> Envelope:
    try:
        event_id, event_type, happened_at = provider.label(headers, _document(body))
    except UnusableError:
        event_id, event_type, happened_at = None, "", None
    by_body = f"sha256:{sha256(body).hexdigest()}"
    return Envelope(_tidy(event_id or "") or by_body, _tidy(event_type), happened_at)


def _document(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None


def _tidy(words: str) -> str:
    return words.replace("\0", "").strip()[:_LONGEST]


def _kept(provider: Provider, headers: Headers) -> dict[str, str]:
    return {name: headers[name] for name in ("Content-Type", "User-Agent", *provider.keeps) if name in headers}


def _keep(
    source: WebhookSource, envelope: Envelope, headers: Mapping[str, str], body: bytes, now: datetime
) -> Received:
    values = {
        "source_id": source.id,
        "event_id": envelope.event_id,
        "event_type": envelope.event_type,
        "happened_at": envelope.happened_at or now,
        "received_at": now,
        "headers": {name: value.replace("\0", "") for name, value in headers.items()},
        "body": body,
    }
    query = (
        insert(WebhookDelivery)
        .values(**values)
        .on_conflict_do_update(
            index_elements=["workspace_id", "source_id", "event_id"], set_={"repeats": WebhookDelivery.repeats + 1}
        )
        .returning(WebhookDelivery.id, literal_column("xmax <> 0", Boolean).label("is_repeat"))
    )
    row = db.session.execute(query).one()
    return Received(row.id, row.is_repeat)


def _note_heard(source_id: int, now: datetime) -> None:
    """Once in five seconds is enough, so that many messages at once do not wait for one row."""
    db.session.execute(
        text(
            "UPDATE webhook_source SET last_heard_at = :now WHERE id = :id"
            " AND (last_heard_at IS NULL OR last_heard_at < :now - interval '5 seconds')"
        ),
        {"id": source_id, "now": now},
    )
