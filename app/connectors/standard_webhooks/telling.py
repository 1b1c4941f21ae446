"""What a message in our own terms says: `{type, timestamp, data}`, one record each."""

from datetime import datetime
from typing import Any

import msgspec

from app.connectors.standard_webhooks.shapes import SHAPES, read
from app.connectors.webhooks.provider import Fact, Headers, Message, Told, UnusableError
from app.connectors.webhooks.reading import instant, part, word

TYPES = {("usage.recorded" if kind == "usage" else f"{kind}.upserted"): kind for kind in SHAPES}


def label(headers: Headers, document: Any) -> tuple[str | None, str, datetime | None]:
    """Read the id that a message keeps over its retries, its type and its time."""
    return headers.get("webhook-id"), word(document, "type") or "", instant(document, "timestamp")


def tell(message: Message) -> Told:
    """Read the record. Raises UnusableError naming the field."""
    document = part(message.document)
    kind = TYPES.get(str(document.get("type")))
    if kind is None:
        raise UnusableError(f"`type` is {document.get('type')!r:.60}; it must be one of {', '.join(TYPES)}.")
    happened_at = instant(document, "timestamp")
    if happened_at is None:
        raise UnusableError("`timestamp` is missing: of two messages about one thing the later counts.")
    try:
        shape = read(kind, document.get("data"))
    except msgspec.ValidationError as error:
        raise UnusableError(f"`data` is not what it should be: {error}.") from error
    object_id = f"{shape.id} {shape.started_on}" if kind == "subscription" else shape.id
    family = shape.id if kind == "account" else shape.account
    said = dict(document["data"])  # an object: else it could not be read
    return Told([Fact(kind, object_id, family, happened_at, said, currency=getattr(shape, "currency", None))])
