"""Signatures: what was sent, made by someone who knows a secret, lately."""

import base64
import binascii
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256

from app.connectors.webhooks.provider import BadSignatureError

TOLERANCE = timedelta(minutes=5)


def digest(secret: bytes, *said: bytes) -> bytes:
    """Give the HMAC-SHA256 of what was said, joined by dots."""
    return hmac.new(secret, b".".join(said), sha256).digest()


def is_any(expected: bytes, given: Iterable[bytes]) -> bool:
    """Say whether one of some signatures is the expected one; a wrong one takes as long wherever it differs."""
    return any(hmac.compare_digest(expected, each) for each in given)


def check_age(seconds: str, now: datetime, *, both_ways: bool) -> None:
    """Raise BadSignatureError when a signature's time is not one, or too long ago (or ahead)."""
    if not seconds.isascii() or not seconds.isdecimal() or len(seconds) > 11:
        raise BadSignatureError("The time in the signature is not in seconds since 1970.")
    age = now.timestamp() - int(seconds)
    if age > TOLERANCE.total_seconds() or (both_ways and -age > TOLERANCE.total_seconds()):
        raise BadSignatureError(
            "The signature is more than 5 minutes off. Look at the clocks of both machines; a retry is signed anew."
        )


def from_base64(written: str) -> bytes | None:
    """Read Base64; None when it is not."""
    try:
        return base64.b64decode(written, validate=True)
    except (binascii.Error, ValueError):
        return None
