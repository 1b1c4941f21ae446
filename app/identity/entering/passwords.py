"""Passwords: argon2id at OWASP's least cost (19 MiB, two passes, one lane), about 22 ms a try."""

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.identity.refusals import Refusal

SHORTEST, LONGEST = 12, 256
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def hash_password(password: str) -> str:
    """Give the salted hash to keep."""
    return _HASHER.hash(password)


_NOBODYS = hash_password(secrets.token_urlsafe())


def is_right(password_hash: str | None, password: str) -> bool:
    """Say whether `password` is the one behind the hash; takes as long when there is none to compare with."""
    try:
        return _HASHER.verify(password_hash or _NOBODYS, password[:LONGEST]) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(password_hash: str) -> bool:
    """Say whether the hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(password_hash)


def refuse_weak(password: str, *about: str) -> None:
    """Refuse a password too short, too uniform, or one of the things known `about` its owner."""
    if why := _weakness(password, {word.lower() for word in about}):
        raise Refusal("password", why)


def _weakness(password: str, about: set[str]) -> str:
    if len(password) < SHORTEST:
        return f"Use {SHORTEST} characters or more: four unrelated words do well."
    if len(password) > LONGEST:
        return f"Use {LONGEST} characters or fewer."
    if len(set(password)) < 5:
        return "Use more than a few different characters."
    return "Use something other than your name or e-mail address." if password.lower() in about else ""
