"""A webhook as Standard Webhooks describe it: the body, and the headers that prove who sent it."""

import json
from datetime import UTC, datetime

from standardwebhooks import Webhook

from app.announcements.delivery.parcel import Message

LONGEST_BODY = 20 * 1024


def request_of(message: Message, secrets: tuple[str, ...], now: datetime) -> tuple[bytes, dict[str, str]]:
    """Give body and headers of a try. Body and id are the same at every try; the time and so the signature are its own.

    Each secret signs: for a day after a rotation there are two.
    """
    body, at = body_of(message), now.astimezone(UTC)
    signatures = [Webhook(secret).sign(message.message_id, at, body) for secret in secrets]
    return body.encode(), {
        "Content-Type": "application/json",
        "webhook-id": message.message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def body_of(message: Message) -> str:
    """Give what is sent, as text."""
    occurred = message.occurred_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return json.dumps({"type": message.type, "timestamp": occurred, "data": message.data}, ensure_ascii=False)
