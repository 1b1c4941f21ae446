"""Keeps what machines sent that cannot be used yet, with the reason, until it is replayed or discarded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from msgspec.json import encode
from sqlalchemy import text

from app.accounts.intake import naming
from app.core import queue
from app.core.bulk.upserting import as_json
from app.extensions import db
from app.usage.intake.ingesting import KEY
from app.usage.intake.sourcing import get_known

KEEP_FOR = timedelta(days=90)
REASONS = ("account", "person", "meter", "value", "body")


@dataclass(frozen=True)
class Held:
    """One thing to keep: `event_id` as the sender numbers it, if so, the message as it came, what is wrong with it."""

    event_id: str | None
    message: Any
    reason: str
    value: str
    detail: str


def hold(source: str, protocol: str, things: Sequence[Held], now: datetime) -> None:
    """Keep things, each once by (source, event id) or its words; one that comes again is counted, and is open again.

    What is replayed comes as of when it was first sent, and so was not sent again.
    """
    if not things:
        return
    last = {thing.event_id or encode(thing.message): thing for thing in things}
    rows = [
        {"message": _kept(t.message)} | without_nul({"event_id": t.event_id, "reason": t.reason, "value": t.value[:400],
        "detail": t.detail}) for t in last.values()
    ]  # fmt: skip
    get_known(source, now)
    values = {"source": source, "protocol": protocol, "rows": as_json(rows), "now": now}
    db.session.execute(text(_HOLD), values)
    if any(thing.reason == "account" for thing in last.values()):
        ask_to_match()


def ask_to_match() -> None:
    """Have a worker see, if there are rules, which accounts they say are meant by the names that are held."""
    if naming.rules():
        queue.defer("match_held", unique_key="names")


_HOLD = f"""
INSERT INTO held_event (source_id, key, protocol, message, reason, value, detail, first_at, last_at)
SELECT s.id, {KEY.format(id="coalesce(event_id, message::text, 'null')")} AS key, :protocol, coalesce(message, 'null'),
       reason, value, detail, :now, :now
FROM usage_source s CROSS JOIN json_to_recordset(CAST(:rows AS json))
    AS r (event_id text, message jsonb, reason text, value text, detail text) WHERE s.name = :source ORDER BY key
ON CONFLICT (workspace_id, source_id, key) DO UPDATE SET
    times = held_event.times + (excluded.last_at > held_event.last_at)::int,
    last_at = greatest(held_event.last_at, excluded.last_at),
    (message, reason, value, detail, ended_at, "end")
    = (excluded.message, excluded.reason, excluded.value, excluded.detail, NULL, NULL)
"""


def _kept(message: Any) -> Any:
    """Keep a message with a NUL, which PostgreSQL keeps in no text, as the text of its JSON: that is not replayed."""
    return message if without_nul(message) == message else encode(message).decode()


def without_nul(value: Any) -> Any:
    """Put a mark in the place of each NUL, which PostgreSQL keeps in no text."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    if isinstance(value, Mapping):
        return {without_nul(name): without_nul(each) for name, each in value.items()}
    return [without_nul(each) for each in value] if isinstance(value, list) else value


def open_groups(most: int = 50) -> list[Any]:
    """Give what is held by reason and value, the most held first: (reason, value, held, first_at, last_at, detail)."""
    query = text(
        "SELECT reason, value, count(*) AS held, min(first_at) AS first_at, max(last_at) AS last_at,"
        " (array_agg(detail ORDER BY id DESC))[1] AS detail, array_agg(DISTINCT protocol) AS protocols"
        " FROM held_event WHERE ended_at IS NULL GROUP BY reason, value ORDER BY held DESC, reason, value LIMIT :most"
    )
    return list(db.session.execute(query, {"most": most}))


def open_names() -> list[str]:
    """Give the names of accounts for want of which something is held."""
    query = text("SELECT DISTINCT value FROM held_event WHERE ended_at IS NULL AND reason = 'account' ORDER BY value")
    return list(db.session.scalars(query))


def mended() -> set[str]:
    """Give the reasons for which something is held whose account, person or meter is there by now."""
    return set(db.session.scalars(text(" UNION ALL ".join(_IS_THERE.format(*each) for each in _WANTED))))


_WANTED = (
    ("account", "account", "external_id"), ("account", "account_alias", "alias"), ("person", "contact", "external_id"),
    ("meter", "meter", "code"),
)  # fmt: skip
_IS_THERE = """
SELECT '{0}' WHERE EXISTS (
    SELECT FROM held_event h JOIN {1} t ON t.{2} = h.value WHERE h.ended_at IS NULL AND h.reason = '{0}')"""


def open_records(
    reason: str | None = None, value: str | None = None, before: int | None = None, most: int = 20
) -> list[Any]:
    """Give the newest things held, of all reasons or one, older than the one `before`.

    Each: (id, source, protocol, message, reason, value, detail, times, first_at, last_at).
    """
    which = _which(reason, value) + ("" if before is None else " AND h.id < :before")
    query = (
        "SELECT h.id, s.name AS source, protocol, message, reason, value, detail, times, first_at, last_at"
        f" FROM held_event h {_OF_SOURCE} WHERE ended_at IS NULL{which} ORDER BY h.id DESC LIMIT :most"
    )
    return _read(query, reason=reason, value=value, before=before, most=most)


def claim_open(after: int, most: int, reason: str | None = None, value: str | None = None) -> list[Any]:
    """Take open things as they came, after the one `after`: (id, source, protocol, message, first_at).

    Only objects: what is kept as text can never be used.
    """
    query = (
        f"SELECT h.id, s.name AS source, protocol, message, first_at FROM held_event h {_OF_SOURCE}"
        " WHERE ended_at IS NULL AND h.id > :after"
        f" AND jsonb_typeof(message) = 'object' AND reason <> 'body'{_which(reason, value)}"
        " ORDER BY h.id LIMIT :most FOR UPDATE OF h SKIP LOCKED"
    )
    return _read(query, after=after, most=most, reason=reason, value=value)


_OF_SOURCE = "JOIN usage_source s ON s.workspace_id = h.workspace_id AND s.id = h.source_id"


def _which(reason: str | None, value: str | None) -> str:
    return "" if reason is None else " AND reason = :reason" + ("" if value is None else " AND value = :value")


def _read(query: str, **values: Any) -> list[Any]:
    return list(db.session.execute(text(query), {name: each for name, each in values.items() if each is not None}))


def end(ids: Sequence[int], how: str, now: datetime) -> None:
    """Close held things: `counted`, `overtaken` or `discarded`."""
    db.session.execute(
        text('UPDATE held_event SET ended_at = :now, "end" = :how WHERE id = ANY(:ids)'),
        {"now": now, "how": how, "ids": list(ids)},
    )


def overtake(source: str, event_ids: Sequence[str], now: datetime) -> None:
    """Close what is held under some ids: something newer was counted in its place."""
    if not event_ids:
        return
    query = (
        "UPDATE held_event h SET ended_at = :now, \"end\" = 'overtaken' FROM usage_source s"
        " WHERE s.workspace_id = h.workspace_id AND s.id = h.source_id AND s.name = :source AND h.ended_at IS NULL"
        f" AND h.key IN (SELECT {KEY.format(id='event_id')} FROM unnest(CAST(:ids AS text[])) AS event_id)"
    )
    db.session.execute(text(query), {"source": source, "ids": sorted(event_ids), "now": now})


def discard(reason: str, value: str, now: datetime) -> int:
    """Close all that is held for a reason without counting it. Gives how many."""
    done = db.session.execute(
        text(
            "UPDATE held_event SET ended_at = :now, \"end\" = 'discarded'"
            " WHERE ended_at IS NULL AND reason = :reason AND value = :value"
        ),
        {"now": now, "reason": reason, "value": value},
    )
    return int(done.rowcount)  # type: ignore[attr-defined]


def forget_before(moment: datetime) -> None:
    """Forget what was last heard before a moment, whether it was mended or not."""
    db.session.execute(text("DELETE FROM held_event WHERE last_at < :moment"), {"moment": moment})
