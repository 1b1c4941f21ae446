"""Chargebee signs nothing: it presents a user name and a password (HTTP Basic), over HTTPS."""

import secrets as random
from collections.abc import Sequence
from datetime import datetime

from app.connectors.webhooks import signing
from app.connectors.webhooks.provider import BadSignatureError, Headers


def verify(headers: Headers, _body: bytes, secrets: Sequence[str], _now: datetime) -> None:
    """Raise BadSignatureError unless the name and password are one of the secrets."""
    kind, _, written = headers.get("Authorization", "").partition(" ")
    given = signing.from_base64(written.strip()) if kind.lower() == "basic" else None
    if given is None:
        raise BadSignatureError("The header Authorization: Basic … is missing: turn on basic authentication there.")
    if not signing.is_any(given, [secret.encode() for secret in secrets]):
        raise BadSignatureError("The user name or password is not one of this webhook's.")


def new_secret() -> str:
    """Make a name and password to be entered at Chargebee."""
    return f"perennial:{random.token_urlsafe(24)}"


def flaw_of(secret: str) -> str | None:
    """Say what is wrong with a name and password that were entered."""
    name, _, password = secret.partition(":")
    is_long = len(password) >= 12
    return None if name and is_long else "Write name:password, with a password of 12 letters or more."
