"""`webhook-signature: v1,…[ v1,…]`: Base64 of the HMAC-SHA256 of id, time and raw body (standardwebhooks.com)."""

import base64
import secrets as random
from collections.abc import Sequence
from datetime import datetime

from app.connectors.webhooks import signing
from app.connectors.webhooks.provider import BadSignatureError, Headers

_SIGN = "whsec_"


def verify(headers: Headers, body: bytes, secrets: Sequence[str], now: datetime) -> None:
    """Raise BadSignatureError unless one of the secrets made one of the signatures, five minutes ago or ahead."""
    message_id, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    versions = [each.partition(",") for each in headers.get("webhook-signature", "").split()]
    given = [signature.encode() for version, _, signature in versions if version == "v1"]
    if not message_id or not at or not given:
        raise BadSignatureError("The headers webhook-id, webhook-timestamp and webhook-signature (v1,…) are needed.")
    said = (message_id.encode(), at.encode(), body)
    expected = [base64.b64encode(signing.digest(_key(secret), *said)) for secret in secrets]
    if not any(signing.is_any(each, given) for each in expected):
        raise BadSignatureError("The signature is not made with this webhook's secret.")
    signing.check_age(at, now, both_ways=True)


def new_secret() -> str:
    """Make a secret for the sender."""
    return _SIGN + base64.b64encode(random.token_bytes(32)).decode()


def flaw_of(secret: str) -> str | None:
    """Say what is wrong with a secret that was entered."""
    key = signing.from_base64(secret.removeprefix(_SIGN)) if secret.startswith(_SIGN) else None
    if key is None or not 24 <= len(key) <= 64:
        return "A secret is whsec_ and then the Base64 of 24 to 64 bytes. Leave the field empty to have one made."
    return None


def _key(secret: str) -> bytes:
    return signing.from_base64(secret.removeprefix(_SIGN)) or b""
