"""Takes in usage: each event once by (source, event id), its account's month folded in the same statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from app.accounts.queries import account_ids_by_external_id
from app.core.upserting import as_json
from app.extensions import db
from app.usage.models import DAYS

Events = Sequence[Mapping[str, Any]]

_GIVEN = """
given AS (
    SELECT r.*, (r.happened_at AT TIME ZONE :zone)::date AS day
    FROM json_to_recordset(CAST(:events AS json))
        AS r (n int, event_id text, account text, meter text, quantity float8, happened_at timestamptz, person text)
), known AS (
    SELECT given.*, account.id AS account_id, meter.id AS meter_id, meter.kind
    FROM given JOIN account ON account.external_id = given.account JOIN meter ON meter.code = given.meter
)"""


def _day_columns(term: str) -> str:
    return ", ".join(term.format(d=d) for d in range(1, DAYS + 1))


def _fold(name: str, kind: str, gather: str, combine: str) -> str:
    """Write the CTE that folds `cells (account_id, meter_id, kind, day, quantity)` of one kind of meter into months."""
    gathered = _day_columns(gather.format(of="(quantity) FILTER (WHERE EXTRACT(day FROM day) = {d})"))
    combined = _day_columns(combine.format(old="daily_usage.totals[{d}]", new="excluded.totals[{d}]"))
    return f"""
{name} AS (
    INSERT INTO daily_usage (account_id, meter_id, month, totals)
    SELECT account_id, meter_id, date_trunc('month', day)::date AS month, ARRAY[{gathered}]
    FROM cells WHERE kind = '{kind}' GROUP BY account_id, meter_id, month ORDER BY account_id, meter_id, month
    ON CONFLICT (workspace_id, account_id, meter_id, month) DO UPDATE SET totals = ARRAY[{combined}]
)"""


_FOLD_SUMS = _fold("sums", "sum", "coalesce(sum{of}, 0)", "{old} + {new}")
_FOLD_MAXIMA = _fold("maxima", "max", "greatest(max{of}, 0)", "greatest({old}, {new})")
_NOTE_PEOPLE = """
people AS (
    INSERT INTO user_month (account_id, person, month, days)
    SELECT account_id, person, date_trunc('month', day)::date AS month, bit_or(1 << (EXTRACT(day FROM day)::int - 1))
    FROM seen GROUP BY account_id, person, month ORDER BY account_id, person, month
    ON CONFLICT (workspace_id, account_id, person, month) DO UPDATE SET days = user_month.days | excluded.days
)"""
_NOTE_TOUCH = """
touched AS (
    INSERT INTO touched_account (account_id) SELECT DISTINCT account_id FROM cells ORDER BY account_id
    ON CONFLICT (workspace_id, account_id) DO NOTHING
)"""

_INGEST = f"""
WITH {_GIVEN}, fresh AS (
    INSERT INTO usage_event (source, event_id, account_id, meter_id, happened_at, quantity, person)
    SELECT :source, event_id, account_id, meter_id, happened_at, quantity, person FROM known ORDER BY event_id, n
    ON CONFLICT (workspace_id, source, event_id) DO NOTHING
    RETURNING event_id, account_id, meter_id, happened_at, quantity, person
), cells AS (
    SELECT fresh.account_id, meter_id, kind, (fresh.happened_at AT TIME ZONE :zone)::date AS day, fresh.quantity
    FROM fresh JOIN (SELECT DISTINCT meter_id, kind FROM known) m USING (meter_id)
), seen AS (
    SELECT account_id, person, (happened_at AT TIME ZONE :zone)::date AS day FROM fresh WHERE person IS NOT NULL
), {_FOLD_SUMS}, {_FOLD_MAXIMA}, {_NOTE_PEOPLE}, {_NOTE_TOUCH}
SELECT (SELECT coalesce(array_agg(event_id), '{{}}') FROM fresh) AS fresh,
       (SELECT coalesce(array_agg(n), '{{}}') FROM known) AS known
"""

_CORRECT = f"""
WITH {_GIVEN}, was AS (
    SELECT e.event_id, e.account_id, e.meter_id, m.kind, (e.happened_at AT TIME ZONE :zone)::date AS day, e.quantity
    FROM usage_event e JOIN meter m ON m.workspace_id = e.workspace_id AND m.id = e.meter_id
    JOIN known ON known.event_id = e.event_id
    WHERE e.source = :source AND (e.account_id, e.meter_id, e.happened_at, e.quantity)
        IS DISTINCT FROM (known.account_id, known.meter_id, known.happened_at, known.quantity)
), corrected AS (
    UPDATE usage_event e SET (account_id, meter_id, happened_at, quantity)
        = (known.account_id, known.meter_id, known.happened_at, known.quantity)
    FROM known JOIN was USING (event_id) WHERE e.source = :source AND e.event_id = known.event_id
), cells AS (
    SELECT account_id, meter_id, kind, day, -quantity AS quantity FROM was
    UNION ALL SELECT known.account_id, known.meter_id, known.kind, known.day, known.quantity
    FROM known JOIN was USING (event_id)
), {_FOLD_SUMS}, {_NOTE_TOUCH}
SELECT DISTINCT account_id, meter_id, date_trunc('month', day)::date AS month FROM cells WHERE kind = 'max'
"""


@dataclass(frozen=True)
class Ingested:
    """What became of a batch: how many were new, how many repeats, and which were refused: (index, field, reason)."""

    accepted: int
    duplicates: int
    rejected: list[tuple[int, str, str]]


def ingest(source: str, events: Events, now: datetime, zone: str = "UTC") -> Ingested:
    """Store a batch of events once each and fold them into their days, in one statement.

    An event holds event_id, account (external id), meter (code), quantity, happened_at (aware), person (or None).
    `zone` is the workspace's, whose days are counted. Unknown accounts and meters are refused one by one.
    """
    if not events:
        return Ingested(0, 0, [])
    rows = [{**event, "n": n} for n, event in enumerate(events)]
    found = db.session.execute(text(_INGEST), {"events": as_json(rows), "source": source, "zone": zone}).one()
    known = set(found.known)
    rejected = _refuse([(n, event) for n, event in enumerate(events) if n not in known])
    accepted = len(found.fresh)
    _note_source(source, accepted, len(known) - accepted, len(rejected), now)
    return Ingested(accepted, len(known) - accepted, rejected)


def correct(source: str, events: Events, now: datetime, zone: str = "UTC") -> int:
    """Replace stored events by corrected ones of the same ids; their days follow. Of one id the last counts.

    Gives how many months of maxima were counted anew. People stay noted on the days they were.
    """
    if not events:
        return 0
    last = {event["event_id"]: event for event in events}
    rows = [{**event, "n": n} for n, event in enumerate(last.values())]
    maxima = db.session.execute(text(_CORRECT), {"events": as_json(rows), "source": source, "zone": zone}).all()
    for account_id, meter_id, month in maxima:
        _recount_maximum(account_id, meter_id, month, zone)
    _note_source(source, 0, 0, 0, now)
    return len(maxima)


def ensure_meters(codes: Sequence[str], kind: str = "sum") -> None:
    """Make the meters that do not exist yet; the first ones of a workspace count as core use."""
    db.session.execute(
        text(
            "INSERT INTO meter (code, name, kind, position, is_core)"
            " SELECT code, initcap(replace(code, '_', ' ')), :kind,"
            " n + (SELECT count(*) FROM meter), NOT EXISTS (SELECT 1 FROM meter WHERE is_core) AND n = 1"
            " FROM unnest(CAST(:codes AS text[])) WITH ORDINALITY AS given (code, n) ON CONFLICT DO NOTHING"
        ),
        {"codes": list(codes), "kind": kind},
    )


def _refuse(unknown: Sequence[tuple[int, Mapping[str, Any]]]) -> list[tuple[int, str, str]]:
    """Say of each event that was left out which of its references is not there: (index, field, reason)."""
    accounts = account_ids_by_external_id(event["account"] for _, event in unknown) if unknown else {}
    return [
        (n, "meter", f"There is no meter {event['meter']!r}. Make it on the Data page, then send the event again.")
        if event["account"] in accounts
        else (n, "account", f"There is no account {event['account']!r}. Create it first, then send the event again.")
        for n, event in unknown
    ]


def _recount_maximum(account_id: int, meter_id: int, month: Any, zone: str) -> None:
    counted = _day_columns(
        "greatest(max(quantity) FILTER (WHERE EXTRACT(day FROM happened_at AT TIME ZONE :zone) = {d}), 0)"
    )
    db.session.execute(
        text(
            "INSERT INTO daily_usage (account_id, meter_id, month, totals)"
            f" SELECT :account, :meter, CAST(:month AS date), ARRAY[{counted}] FROM usage_event"
            " WHERE account_id = :account AND meter_id = :meter"
            " AND date_trunc('month', happened_at AT TIME ZONE :zone)::date = CAST(:month AS date)"
            " ON CONFLICT (workspace_id, account_id, meter_id, month) DO UPDATE SET totals = excluded.totals"
        ),
        {"account": account_id, "meter": meter_id, "month": month, "zone": zone},
    )


def _note_source(source: str, accepted: int, duplicates: int, rejected: int, now: datetime) -> None:
    db.session.execute(
        text(
            "INSERT INTO usage_source (name, last_seen_at, accepted, duplicates, rejected)"
            " VALUES (:source, :now, :accepted, :duplicates, :rejected)"
            " ON CONFLICT (workspace_id, name) DO UPDATE SET last_seen_at = excluded.last_seen_at,"
            " accepted = usage_source.accepted + excluded.accepted,"
            " duplicates = usage_source.duplicates + excluded.duplicates,"
            " rejected = usage_source.rejected + excluded.rejected"
        ),
        {"source": source, "now": now, "accepted": accepted, "duplicates": duplicates, "rejected": rejected},
    )
