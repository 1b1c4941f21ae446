"""`Stripe-Signature: t=…,v1=…[,v1=…]`: hex HMAC-SHA256 over the time, a dot and the raw body."""

from collections.abc import Sequence
from datetime import datetime

from app.connectors.webhooks import signing
from app.connectors.webhooks.provider import BadSignatureError, Headers


def verify(headers: Headers, body: bytes, secrets: Sequence[str], now: datetime) -> None:
    """Raise BadSignatureError unless one of the secrets made one of the signatures in the last five minutes."""
    pairs = [part.strip().partition("=") for part in headers.get("Stripe-Signature", "").split(",")]
    at = next((value for name, _, value in pairs if name == "t"), "")
    given = [value.encode() for name, _, value in pairs if name == "v1"]
    if not at or not given:
        raise BadSignatureError("The header Stripe-Signature with t=…,v1=… is missing.")
    expected = [signing.digest(secret.encode(), at.encode(), body).hex().encode() for secret in secrets]
    if not any(signing.is_any(each, given) for each in expected):
        raise BadSignatureError("The signature is not made with this endpoint's signing secret: paste it anew.")
    signing.check_age(at, now, both_ways=False)


def flaw_of(secret: str) -> str | None:
    """Say what is wrong with a secret that was pasted."""
    if secret.startswith(("sk_", "rk_", "pk_")):
        return (
            "That is an API key, which we must not have. The signing secret stands on the page of the endpoint: whsec_…"
        )
    return None if secret.startswith("whsec_") else "A signing secret begins with whsec_."
