"""API keys: `prn_<workspace>_<256 random bits>`, shown once; only a hash and the first letters are kept."""

import secrets
from collections.abc import Sequence
from datetime import datetime

from app.core import tenancy
from app.core.problems import NotFoundError
from app.extensions import db
from app.identity.guard import KEY_SIGN, SCOPES, hash_secret
from app.identity.models import ApiKey
from app.identity.refusals import Refusal


def make_key(name: str, scopes: Sequence[str], by: int | None) -> tuple[ApiKey, str]:
    """Make a key for the workspace in force; gives it with the text to present. Raises Refusal naming the field."""
    name = name.strip()
    if not name:
        raise Refusal("name", "Name what will use the key, so that you know later what stops when you revoke it.")
    chosen = [scope for scope in SCOPES if scope in scopes]
    if not chosen:
        raise Refusal("scopes", "Choose at least one thing the key may do.")
    secret = secrets.token_urlsafe(32)
    shown = f"{KEY_SIGN}_{tenancy.workspace_id()}_{secret}"
    key = ApiKey(
        name=name, prefix=shown[: -len(secret) + 4], secret_hash=hash_secret(secret), scopes=chosen, created_by=by
    )
    db.session.add(key)
    db.session.flush()
    return key, shown


def rotate_key(key_id: int, by: int | None, now: datetime) -> tuple[ApiKey, str]:
    """Replace a key by a new one of the same name and scopes; the old one ends at once."""
    old = revoke_key(key_id, now)
    return make_key(old.name, old.scopes, by)


def revoke_key(key_id: int, now: datetime) -> ApiKey:
    """End a key. Raises NotFoundError when there is no such live key."""
    key = db.session.get(ApiKey, (tenancy.workspace_id(), key_id), with_for_update=True)
    if key is None or key.revoked_at is not None:
        raise NotFoundError("live key")
    key.revoked_at = now
    return key
