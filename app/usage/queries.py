"""Reads of what comes in: who sends how much, what came last, how long it takes until it is on the screens."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from app.extensions import db
from app.usage.ledger.keeping import events_of

MINUTES = 60


@dataclass(frozen=True)
class Sender:
    """A source with its totals up to now, what is held of it, and its events of each of the last `MINUTES` minutes."""

    name: str
    last_seen_at: datetime
    accepted: int
    duplicates: int
    rejected: int
    held: int
    minutes: list[int]

    @property
    def a_minute(self) -> int:
        """Give the events of the last minute that is over."""
        return self.minutes[-2]


@dataclass(frozen=True)
class Lag:
    """From a fact's arrival to the scored account on the screen, over the rounds of the last hour, in seconds."""

    median_s: float
    longest_s: float
    accounts: int


def senders(now: datetime) -> list[Sender]:
    """Give the sources, the last heard first."""
    rows = db.session.execute(text(_SENDERS)).all()
    minutes = _minutes(now)
    return [
        Sender(r.name, r.last_seen_at, r.accepted, r.duplicates, r.rejected, r.held, minutes.get(r.id, [0] * MINUTES))
        for r in rows
    ]


def recent_events(most: int = 12, since: datetime | None = None, source: str | None = None) -> list[Any]:
    """Give the newest events: received_at, source, account_id, account, meter, name, quantity, person, happened_at."""
    which = (" AND b.received_at > :since" if since else "") + (" AND s.name LIKE :source" if source else "")
    values = {"most": most} | ({"since": since} if since else {}) | ({"source": f"{source}%"} if source else {})
    return list(db.session.execute(text(_RECENT.format(which=which)), values))


def recent_held(most: int, since: datetime, protocol: str) -> list[Any]:
    """Give the newest things held of a protocol: (reason, value, detail, last_at)."""
    query = text(
        "SELECT reason, value, detail, last_at FROM held_event WHERE protocol = :protocol AND last_at > :since"
        " AND ended_at IS NULL ORDER BY last_at DESC LIMIT :most"
    )
    return list(db.session.execute(query, {"protocol": protocol, "since": since, "most": most}))


def lag(now: datetime) -> Lag | None:
    """Give how long facts took to the screens in the last hour, None when none came."""
    query = text(
        "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY median_s) AS median_s, max(longest_s) AS longest_s,"
        " sum(accounts)::bigint AS accounts FROM scoring_round WHERE ended_at > :since"
    )
    row = db.session.execute(query, {"since": now - timedelta(hours=1)}).one()
    return Lag(row.median_s, row.longest_s, row.accounts) if row.accounts else None


def event_names(most: int = 100) -> list[Any]:
    """Give the names of product events that came, the most frequent first: (name, seen, last_seen_at, meters)."""
    query = text(
        "SELECT n.name, n.seen, n.last_seen_at, array_remove(array_agg(m.name ORDER BY m.position), NULL) AS meters"
        " FROM event_name n LEFT JOIN meter_rule r ON r.workspace_id = n.workspace_id AND r.event_name = n.name"
        " LEFT JOIN meter m ON m.workspace_id = r.workspace_id AND m.id = r.meter_id"
        " GROUP BY n.name, n.seen, n.last_seen_at ORDER BY n.seen DESC, n.name LIMIT :most"
    )
    return list(db.session.execute(query, {"most": most}))


def rules() -> list[Any]:
    """Give the rules by meter: (id, meter_id, event_name, conditions, quantity_from)."""
    return list(db.session.execute(text("SELECT * FROM meter_rule ORDER BY meter_id, id")))


def _minutes(now: datetime) -> dict[int, list[int]]:
    first = now.replace(second=0, microsecond=0) - timedelta(minutes=MINUTES - 1)
    found: dict[int, list[int]] = {}
    for source, minute, accepted in db.session.execute(text(_MINUTES), {"first": first}):
        at = int((minute - first).total_seconds() // 60)
        if 0 <= at < MINUTES:
            found.setdefault(source, [0] * MINUTES)[at] += accepted
    return found


_SENDERS = """
SELECT s.id, s.name, greatest(s.last_seen_at, i.at) AS last_seen_at, s.accepted + coalesce(i.accepted, 0) AS accepted,
       s.duplicates + coalesce(i.duplicates, 0) AS duplicates, s.rejected + coalesce(i.rejected, 0) AS rejected,
       coalesce(h.held, 0) AS held
FROM usage_source s
LEFT JOIN (SELECT source_id, max(at) AS at, sum(accepted) AS accepted, sum(duplicates) AS duplicates,
                  sum(rejected) AS rejected FROM intake GROUP BY source_id) i ON i.source_id = s.id
LEFT JOIN (SELECT source_id, count(*) AS held FROM held_event WHERE ended_at IS NULL GROUP BY source_id) h
       ON h.source_id = s.id
ORDER BY 3 DESC, s.name LIMIT 50
"""
_MINUTES = """
SELECT source_id, minute, accepted FROM intake_minute WHERE minute >= :first
UNION ALL SELECT source_id, date_trunc('minute', at), sum(accepted) FROM intake WHERE at >= :first GROUP BY 1, 2
"""
_SHOWN = events_of("b", "account_id", "meter_id", "happened_at", "quantity", "person", "name")
# Of the newest batches the last events each: a batch may hold thousands.
_RECENT = f"""
WITH newest AS MATERIALIZED (
    SELECT b.*, s.name AS source
    FROM usage_batch b JOIN usage_source s ON s.workspace_id = b.workspace_id AND s.id = b.source_id
    WHERE true {{which}} ORDER BY b.received_at DESC, b.id DESC LIMIT :most
)
SELECT b.received_at, b.source, e.account_id, a.name AS account, m.name AS meter, e.name, e.quantity, e.person,
       e.happened_at
FROM newest b
CROSS JOIN LATERAL (SELECT * FROM {_SHOWN} ORDER BY place DESC LIMIT :most) e
JOIN account a ON a.workspace_id = b.workspace_id AND a.id = e.account_id
JOIN meter m ON m.workspace_id = b.workspace_id AND m.id = e.meter_id
ORDER BY b.received_at DESC, b.id DESC, e.place DESC LIMIT :most
"""
