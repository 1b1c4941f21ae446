"""`X-Lago-Signature`: Base64 of the HMAC-SHA256 of the raw body, or a JWT (RS256) whose claim `data` is the body."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from app.connectors.webhooks import signing
from app.connectors.webhooks.provider import BadSignatureError, Headers

_IS_KEY = "-----BEGIN"
_LONGEST = 4 * 1024 * 1024  # bytes of a body within a JWT


def verify(headers: Headers, body: bytes, secrets: Sequence[str], _now: datetime) -> None:
    """Raise BadSignatureError unless one of the secrets, or the owner of one of the keys, signed the body.

    The algorithm is that of our secret, whatever the header says: else a public key could be used as a shared one.
    """
    given = headers.get("X-Lago-Signature", "")
    if not given:
        raise BadSignatureError("The header X-Lago-Signature is missing.")
    shared = [secret for secret in secrets if not secret.startswith(_IS_KEY)]
    keys = [secret for secret in secrets if secret.startswith(_IS_KEY)]
    by_hmac = signing.from_base64(given)
    if by_hmac is not None and any(signing.is_any(signing.digest(each.encode(), body), [by_hmac]) for each in shared):
        return
    if any(_is_signed(given, body, key) for key in keys):
        return
    raise BadSignatureError(
        "The signature is not made with this webhook's HMAC key, nor by the owner of its public key."
    )


def flaw_of(secret: str) -> str | None:
    """Say what is wrong with a key that was pasted."""
    if not secret.startswith(_IS_KEY):
        return None if len(secret) >= 12 else "That is too short for an HMAC key."
    if "PRIVATE" in secret:
        return "That is a private key, which we must not have: paste the public one."
    return None if _public_key(secret) is not None else "That is no RSA public key in PEM."


def _is_signed(token: str, body: bytes, key: str) -> bool:
    from joserfc import jws
    from joserfc.errors import JoseError

    rules = jws.JWSRegistry(algorithms=["RS256"])
    rules.max_payload_length = _LONGEST
    try:
        payload = jws.deserialize_compact(token, _public_key(key), registry=rules).payload
        claim = msgspec.json.decode(payload)["data"]
    except (JoseError, msgspec.DecodeError, KeyError, TypeError, ValueError):
        return False
    return claim.encode() == body if isinstance(claim, str) else _is_same(claim, body)


def _is_same(claim: object, body: bytes) -> bool:
    try:
        return bool(claim == msgspec.json.decode(body))
    except msgspec.DecodeError:
        return False


def _public_key(pem: str) -> Any:
    from joserfc.errors import JoseError
    from joserfc.jwk import RSAKey

    try:
        return RSAKey.import_key(pem)
    except (JoseError, ValueError, TypeError):
        return None
