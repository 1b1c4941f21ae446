"""Answers a request that was sent before with what was answered then: Idempotency-Key."""

from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert

from app.core.problems import Problem
from app.core.rest.models import IdempotentAnswer
from app.extensions import db

KEEP_FOR = timedelta(hours=24)
_TAKE = text(
    "SELECT pg_try_advisory_xact_lock("
    "hashtextextended(concat_ws(' ', 'idempotency', current_setting('app.workspace_id'), CAST(:of AS text)), 0))"
)


def find_answer(api_key_id: int, name: str, fingerprint: str, now: datetime) -> IdempotentAnswer | None:
    """Take the name for this transaction, and give what was answered under it in the last day.

    Raises Problem: 409 while the first request still runs, 422 when it was another request.
    """
    if not db.session.execute(_TAKE, {"of": f"{api_key_id} {name}"}).scalar():
        raise Problem(
            409, "The first request with this Idempotency-Key still runs. Send it again in a moment.", "still_running"
        )
    kept: IdempotentAnswer | None = db.session.execute(
        select(IdempotentAnswer).where(
            IdempotentAnswer.api_key_id == api_key_id,
            IdempotentAnswer.name == name,
            IdempotentAnswer.answered_at > now - KEEP_FOR,
        )
    ).scalar_one_or_none()
    if kept is not None and kept.fingerprint != fingerprint:
        raise Problem(
            422,
            "This Idempotency-Key was used for another request. Give each request a key of its own.",
            "key_reused",
            [{"parameter": "Idempotency-Key", "detail": "It belongs to another method, address or body."}],
        )
    return kept


def keep_answer(
    api_key_id: int, name: str, fingerprint: str, answer: tuple[int, dict[str, str], str], now: datetime
) -> None:
    """Keep (status, headers, body) under the name; one that is older than a day gives way."""
    values = {"fingerprint": fingerprint, "answered_at": now} | dict(
        zip(("status", "headers", "body"), answer, strict=True)
    )
    query = insert(IdempotentAnswer).values(api_key_id=api_key_id, name=name, **values)
    db.session.execute(query.on_conflict_do_update(index_elements=("workspace_id", "api_key_id", "name"), set_=values))


def fingerprint_of(method: str, address: str, body: bytes) -> str:
    """Tell a request from another one."""
    return sha256(b"\0".join((method.encode(), address.encode(), body))).hexdigest()


def prune(now: datetime) -> None:
    """Forget what was answered more than a day ago."""
    db.session.execute(delete(IdempotentAnswer).where(IdempotentAnswer.answered_at < now - KEEP_FOR))
