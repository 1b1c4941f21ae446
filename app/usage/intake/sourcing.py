"""Knows the senders of usage, and what became of what they sent: a row a request, folded into minutes and totals."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import text

from app.core.bulk.upserting import as_json
from app.extensions import db

KEEP_MINUTES_FOR = timedelta(days=2)


def get_known(source: str, now: datetime) -> None:
    """Make a source known at its first word."""
    known = db.session.execute(text("SELECT 1 FROM usage_source WHERE name = :name"), {"name": source}).scalar()
    if known is None:
        db.session.execute(
            text(
                "INSERT INTO usage_source (name, first_seen_at, last_seen_at) VALUES (:name, :now, :now)"
                " ON CONFLICT DO NOTHING"
            ),
            {"name": source, "now": now},
        )


def note_intake(
    source: str, accepted: int, duplicates: int, rejected: int, now: datetime, names: Mapping[str, int] | None = None
) -> None:
    """Write down what became of a request. `names`: how often each name of event came, where product analytics sent it.

    A row of its own: were the source's totals raised here, requests of one source would wait for each other's commit.
    """
    counts = {"accepted": accepted, "duplicates": duplicates, "rejected": rejected}
    values = {"source": source, "now": now, "names": as_json([names]) if names else None, **counts}
    db.session.execute(text(_NOTE), values)


_NOTE = """
INSERT INTO intake (source_id, at, accepted, duplicates, rejected, names)
SELECT id, :now, :accepted, :duplicates, :rejected, CAST(:names AS jsonb) -> 0 FROM usage_source WHERE name = :source
"""


def fold_intake(now: datetime) -> None:
    """Fold the requests noted so far into their minutes, the totals of their sources and the names of events."""
    folded = db.session.execute(text(_TAKE)).mappings().all()
    if folded:
        rows = [dict(row) | {"at": row["at"].isoformat()} for row in folded]
        for statement in (_INTO_MINUTES, _INTO_SOURCES, _INTO_NAMES):
            db.session.execute(text(statement), {"rows": as_json(rows)})
    db.session.execute(text("DELETE FROM intake_minute WHERE minute < :old"), {"old": now - KEEP_MINUTES_FOR})
    db.session.execute(text("DELETE FROM scoring_round WHERE ended_at < :old"), {"old": now - KEEP_MINUTES_FOR})


_TAKE = """
WITH oldest AS MATERIALIZED (SELECT id FROM intake ORDER BY id LIMIT 200000 FOR UPDATE SKIP LOCKED)
DELETE FROM intake USING oldest WHERE intake.id = oldest.id
RETURNING source_id, at, accepted, duplicates, rejected, names
"""
_ROWS = """
SELECT * FROM json_to_recordset(CAST(:rows AS json)) AS r
    (source_id bigint, at timestamptz, accepted int, duplicates int, rejected int, names jsonb)
"""
_INTO_MINUTES = f"""
INSERT INTO intake_minute (source_id, minute, accepted, duplicates, rejected)
SELECT source_id, date_trunc('minute', at), sum(accepted), sum(duplicates), sum(rejected)
FROM ({_ROWS}) r GROUP BY 1, 2 ORDER BY 1, 2
ON CONFLICT (workspace_id, source_id, minute) DO UPDATE SET (accepted, duplicates, rejected) = (
    intake_minute.accepted + excluded.accepted, intake_minute.duplicates + excluded.duplicates,
    intake_minute.rejected + excluded.rejected)
"""
_INTO_SOURCES = f"""
UPDATE usage_source s SET last_seen_at = greatest(s.last_seen_at, r.at), accepted = s.accepted + r.accepted,
    duplicates = s.duplicates + r.duplicates, rejected = s.rejected + r.rejected
FROM (SELECT source_id, max(at) AS at, sum(accepted) AS accepted, sum(duplicates) AS duplicates,
             sum(rejected) AS rejected FROM ({_ROWS}) r GROUP BY source_id) r
WHERE s.id = r.source_id
"""
_INTO_NAMES = f"""
INSERT INTO event_name (name, seen, last_seen_at)
SELECT name, sum(seen::int), max(at) FROM ({_ROWS}) r, jsonb_each_text(names) AS n (name, seen)
WHERE jsonb_typeof(names) = 'object' GROUP BY name ORDER BY name
ON CONFLICT (workspace_id, name) DO UPDATE SET seen = event_name.seen + excluded.seen,
    last_seen_at = greatest(event_name.last_seen_at, excluded.last_seen_at)
"""
