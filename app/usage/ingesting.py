"""Takes in usage: each event once by (source, event id), folded into its account's day in the same statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import text

from app.accounts.queries import known_accounts
from app.accounts.touching import GATHER_FOR
from app.core import queue
from app.core.upserting import run_raw
from app.extensions import db
from app.usage.models import DAYS
from app.usage.sourcing import get_known

Events = Sequence[Mapping[str, Any]]

MOST = 1e15
"""The largest quantity of an event: sums of many still fit a float, to the unit."""

KEY = "encode(substr(sha256(convert_to({id}, 'UTF8')), 1, 16), 'hex')::uuid"
"""What stands in the ledger for an event id: 128 bits of its SHA-256, as long for a short id as for a long one."""

GIVEN = f"""
given AS (
    SELECT r.*, (r.happened_at AT TIME ZONE $3)::date AS day, {KEY.format(id="r.event_id")} AS key
    FROM json_to_recordset($1::json) AS r (n int, event_id text, account text, meter text,
        quantity float8, happened_at timestamptz, person text, name text, properties jsonb)
), sender AS (
    SELECT id FROM usage_source WHERE name = $2
), known AS (
    SELECT given.*, date_part('day', day)::int AS dom, coalesce(account.id, alias.account_id) AS account_id,
           meter.id AS meter_id, meter.kind = 'max' AS is_max, sender.id AS source_id
    FROM given CROSS JOIN sender JOIN meter ON meter.code = given.meter
    LEFT JOIN account ON account.external_id = given.account
    LEFT JOIN account_alias alias ON account.id IS NULL AND alias.alias = given.account
    WHERE account.id IS NOT NULL OR alias.account_id IS NOT NULL
)"""
"""$1: the events as JSON, $2: the source, $3: the workspace's time zone."""


def day_columns(term: str) -> str:
    """Write a term for each day of a month."""
    return ", ".join(term.format(d=d) for d in range(1, DAYS + 1))


def fold(name: str, which: str, gather: str, combine: str) -> str:
    """Write the CTE that folds `cells (account_id, meter_id, day, dom, quantity)` of one kind of meter into months."""
    gathered = day_columns(gather.format(of="(quantity) FILTER (WHERE dom = {d})"))
    combined = day_columns(combine.format(old="daily_usage.totals[{d}]", new="excluded.totals[{d}]"))
    return f"""
{name} AS (
    INSERT INTO daily_usage (account_id, meter_id, month, totals)
    SELECT account_id, meter_id, day - dom + 1 AS month, ARRAY[{gathered}]
    FROM cells WHERE {which} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (workspace_id, account_id, meter_id, month) DO UPDATE SET totals = ARRAY[{combined}]
)"""


FOLD_SUMS = fold("sums", "NOT is_max", "coalesce(sum{of}, 0)", "{old} + {new}")
_FOLD_MAXIMA = fold("maxima", "is_max", "greatest(max{of}, 0)", "greatest({old}, {new})")
# Asked row by row, not as an anti-join: a plan made while the table was small would read the whole of it ever after.
UNNOTED = """e.person IS NOT NULL AND coalesce((
        SELECT u.days FROM user_month u WHERE u.account_id = e.account_id AND u.person = e.person
        AND u.month = e.day - e.dom + 1), 0) & (1 << (e.dom - 1)) = 0"""
NOTE_PEOPLE = f"""
people AS (
    INSERT INTO user_month (account_id, person, month, days)
    SELECT account_id, person, day - dom + 1 AS month, bit_or(1 << (dom - 1))
    FROM (SELECT DISTINCT account_id, person, day, dom FROM {{of}} WHERE person IS NOT NULL) e WHERE {UNNOTED}
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (workspace_id, account_id, person, month) DO UPDATE SET days = user_month.days | excluded.days
)"""
_NOTE_TOUCH = """
touched AS (
    INSERT INTO touched_account (account_ids) SELECT array_agg(DISTINCT account_id) FROM cells HAVING count(*) > 0
)"""
KEEP_RAW = """
raw AS (
    INSERT INTO usage_event
        (source_id, event_id, account_id, meter_id, happened_at, quantity, person, name, properties)
    SELECT source_id, event_id, account_id, meter_id, happened_at, quantity, person, name, properties FROM {of}
)"""


def ask_for_scoring(where: str) -> str:
    """Write what touching.ask_for_scoring does, as the last CTE that writes: it is the first to run, so that whoever
    counts waits for another's job before it holds any day."""
    return queue.asking("score_touched", "touched", f"$4 + interval '{GATHER_FOR.total_seconds()} s'", where)


# What writes runs from the last to the first: the job, people, sums, maxima. A correction goes the same way.
_INGEST = f"""
WITH {GIVEN}, once AS MATERIALIZED (
    SELECT DISTINCT ON (key) * FROM known ORDER BY key, n
), fresh AS (
    INSERT INTO counted_event (source_id, key, account_id, meter_id, day, quantity, is_max)
    SELECT source_id, key, account_id, meter_id, day, quantity, is_max FROM once ORDER BY key
    ON CONFLICT (workspace_id, source_id, key) DO NOTHING RETURNING key
), cells AS MATERIALIZED (
    SELECT once.* FROM once JOIN fresh USING (key)
), {KEEP_RAW.format(of="cells")}, {_FOLD_MAXIMA}, {FOLD_SUMS}, {NOTE_PEOPLE.format(of="cells")}, {_NOTE_TOUCH},
asked AS ({ask_for_scoring("EXISTS (TABLE fresh)")}), noted AS (
    INSERT INTO intake (source_id, at, accepted, duplicates, rejected)
    SELECT sender.id, $4, taken.fresh, taken.known - taken.fresh, taken.given - taken.known + $5
    FROM sender, (SELECT (SELECT count(*) FROM fresh), (SELECT count(*) FROM known), (SELECT count(*) FROM given))
        AS taken (fresh, known, given) WHERE $5 >= 0
)
SELECT (SELECT coalesce(array_agg(n), '{{}}') FROM cells), (SELECT count(*) FROM known),
       (SELECT coalesce(array_agg(n), '{{}}') FROM given WHERE n NOT IN (SELECT n FROM known)),
       EXISTS (TABLE sender)
"""


@dataclass(frozen=True)
class Ingested:
    """What became of a batch: how many were new, how many repeats, and which were refused: (index, field, reason).

    `fresh`: the indexes of those that were new.
    """

    accepted: int
    duplicates: int
    rejected: list[tuple[int, str, str]]
    fresh: frozenset[int] = field(default=frozenset(), compare=False)


def ingest(source: str, events: Events, now: datetime, zone: str = "UTC", refused: int = 0) -> Ingested:
    """Store a batch of events once each, fold them into their days and write down what became of it.

    An event holds event_id, account (external id or alias), meter (code), quantity, happened_at (aware), person (or
    None). `zone` is the workspace's, whose days are counted. Unknown accounts and meters are refused one by one.
    `refused`: how many of the same request were refused before.
    """
    return _count(source, events, now, zone, refused) if events else Ingested(0, 0, [])


def count(source: str, events: Events, now: datetime, zone: str) -> Ingested:
    """Do what `ingest` does, and leave it to the caller to note the intake."""
    return _count(source, events, now, zone, -1)


def _count(source: str, events: Events, now: datetime, zone: str, refused: int) -> Ingested:
    values = [pack(events), source, zone, now, refused]
    fresh, known, unknown, is_known = run_raw(_INGEST, values)
    if not is_known:
        get_known(source, now)
        fresh, known, unknown, _ = run_raw(_INGEST, values)
    rejected = _refuse([(n, events[n]) for n in sorted(unknown)])
    return Ingested(len(fresh), known - len(fresh), rejected, frozenset(fresh))


def pack(events: Events) -> str:
    """Number events and pack them into the one JSON parameter that json_to_recordset reads."""
    return msgspec.json.encode([{**event, "n": n} for n, event in enumerate(events)]).decode()


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
    accounts = known_accounts(event["account"] for _, event in unknown) if unknown else {}
    then = "on the Data page; what is held is then counted."
    return [
        (n, "meter", f"There is no meter {event['meter']!r}. Make it {then}")
        if event["account"] in accounts
        else (n, "account", f"There is no account {event['account']!r}. Create it, or match it {then}")
        for n, event in unknown
    ]
