"""Takes in usage: each event once by (source, event id), folded into its account's day in the same statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import text

from app.accounts.intake.touching import GATHER_FOR
from app.accounts.queries import known_accounts
from app.core import queue
from app.core.bulk.upserting import run_raw
from app.extensions import db
from app.usage.intake.days import day_of_all
from app.usage.intake.sourcing import get_known, note_intake
from app.usage.ledger.folding import (
    FOLD_MAXIMA,
    FOLD_MAXIMA_OF_DAY,
    FOLD_SUMS,
    FOLD_SUMS_OF_DAY,
    NOTE_PEOPLE,
    UNNOTED,
)
from app.usage.ledger.keeping import KEEP
from app.usage.ledger.lateness import IS_LATE, NOTE_LATE_PEOPLE, NOTE_LATE_SUMS, SENDER, Coming
from app.usage.ledger.maxima import recount_maxima

Events = Sequence[Mapping[str, Any]]

MOST = 1e15
"""The largest quantity of an event: sums of many still fit a float, to the unit."""

MENDED = "on the Data page; what is held is then counted."

KEY = "encode(substr(sha256(convert_to({id}, 'UTF8')), 1, 16), 'hex')::uuid"
"""What stands in the ledger for an event id: 128 bits of its SHA-256, as long for a short id as for a long one."""


def read_given(day: str = "(r.happened_at AT TIME ZONE $3)::date") -> str:
    """Write the CTEs `sender` and `known`, the events that can be counted, each with its day.

    $1: the events as JSON, $2: the source, $3: the workspace's time zone, $4 and $5: how they come in (Coming).
    """
    return f"""
given AS (
    SELECT r.*, {day} AS day, {KEY.format(id="r.event_id")} AS key
    FROM ROWS FROM (json_to_recordset($1::json) AS (event_id text, account text, meter text, quantity float8,
        happened_at timestamptz, person text, name text, properties jsonb, is_metered boolean)) WITH ORDINALITY
        AS r (event_id, account, meter, quantity, happened_at, person, name, properties, is_metered, n)
), {SENDER.format(source="$2", zone="$3", at="$4", is_history="$5")}, known AS (
    SELECT given.*, date_part('day', day)::int AS dom, coalesce(account.id, alias.account_id) AS account_id,
           meter.id AS meter_id, meter.kind = 'max' AS is_max, sender.id AS source_id
    FROM given CROSS JOIN sender JOIN meter ON meter.code = given.meter
    LEFT JOIN account ON account.external_id = given.account
    LEFT JOIN account_alias alias ON account.id IS NULL AND alias.alias = given.account
    WHERE account.id IS NOT NULL OR alias.account_id IS NOT NULL
)"""


_NOTE_TOUCH = """
touched AS (
    INSERT INTO touched_account (account_ids) SELECT array_agg(DISTINCT account_id) FROM cells HAVING count(*) > 0
)"""


def ask_for_scoring(where: str) -> str:
    """Write what touching.ask_for_scoring does, as the last CTE that writes: it is the first to run, so that whoever
    counts waits for another's job before it holds any day."""
    return queue.asking(
        "score_touched", "touched", f"$4::timestamptz + interval '{GATHER_FOR.total_seconds()} s'", where
    )


def _ingest(given: str, sums: str, maxima: str) -> str:
    """Write the statement that takes a batch in. $6: how many were refused before, $7: now.

    What writes runs from the last to the first: the job, events as they came, people, sums, maxima; days, which others
    wait for, are so held briefly. A correction goes the same way. A batch with a late maximum folds none: by how much
    its day moves is told only under its lock, and maxima are held last.
    """
    return f"""
WITH {given}, once AS MATERIALIZED (
    SELECT DISTINCT ON (key) * FROM known ORDER BY key, n
), fresh AS (
    INSERT INTO counted_event (source_id, key, account_id, meter_id, day, quantity, is_max)
    SELECT source_id, key, account_id, meter_id, day, quantity, is_max FROM once ORDER BY key
    ON CONFLICT (workspace_id, source_id, key) DO NOTHING RETURNING key
), cells AS MATERIALIZED (
    SELECT once.* FROM once JOIN fresh USING (key)
), recounted AS MATERIALIZED (
    SELECT EXISTS (SELECT FROM cells e CROSS JOIN sender WHERE e.is_max AND {IS_LATE})
), {NOTE_LATE_SUMS}, {NOTE_LATE_PEOPLE.format(of="cells", unnoted=UNNOTED)},
{maxima}, {sums}, {NOTE_PEOPLE.format(of="cells")}, {KEEP.format(of="cells")}, {_NOTE_TOUCH},
asked AS ({ask_for_scoring("EXISTS (TABLE fresh)")}), noted AS (
    INSERT INTO intake (source_id, at, accepted, duplicates, rejected)
    SELECT sender.id, $7, taken.fresh, taken.known - taken.fresh, taken.given - taken.known + $6
    FROM sender, (SELECT (SELECT count(*) FROM fresh), (SELECT count(*) FROM known), (SELECT count(*) FROM given))
        AS taken (fresh, known, given) WHERE $6 >= 0
)
SELECT (SELECT coalesce(array_agg(n - 1), '{{}}') FROM cells), (SELECT count(*) FROM known),
       (SELECT coalesce(array_agg(n - 1), '{{}}') FROM given WHERE n NOT IN (SELECT n FROM known)),
       EXISTS (TABLE sender),
       (SELECT json_agg(DISTINCT jsonb_build_array(account_id, meter_id, day - dom + 1)) FROM cells
        WHERE is_max AND (TABLE recounted))
"""


_OF_ANY_DAYS = _ingest(read_given(), FOLD_SUMS, FOLD_MAXIMA)
_OF_ONE_DAY = _ingest(read_given("$8::date"), FOLD_SUMS_OF_DAY, FOLD_MAXIMA_OF_DAY)


@dataclass(frozen=True)
class Ingested:
    """What became of a batch: how many were new, how many repeats, and which were refused: (index, field, reason).

    `fresh`: the indexes of those that were new.
    """

    accepted: int
    duplicates: int
    rejected: list[tuple[int, str, str]]
    fresh: frozenset[int] = field(default=frozenset(), compare=False)


def ingest(
    source: str, events: Events, now: datetime, zone: str = "UTC", refused: int = 0, coming: Coming | None = None
) -> Ingested:
    """Store a batch of events once each, fold them into their days and write down what became of it.

    An event holds event_id, account (external id or alias), meter (code), quantity, happened_at (aware), person (or
    None). `zone` is the workspace's, whose days are counted. Unknown accounts and meters are refused one by one.
    `refused`: how many of the same request were refused before. `coming`: how they come in, if not just now.
    """
    if events:
        return _count(source, events, now, zone, refused, coming)
    if refused:
        get_known(source, now)
        note_intake(source, 0, 0, refused, now)
    return Ingested(0, 0, [])


def count(source: str, events: Events, now: datetime, zone: str, coming: Coming | None = None) -> Ingested:
    """Do what `ingest` does, and leave it to the caller to note the intake."""
    return _count(source, events, now, zone, -1, coming)


def _count(source: str, events: Events, now: datetime, zone: str, refused: int, coming: Coming | None) -> Ingested:
    coming = coming or Coming(now)
    day = day_of_all([event["happened_at"] for event in events], zone)
    statement = _OF_ONE_DAY if day else _OF_ANY_DAYS
    values = [pack(events), source, zone, coming.at, coming.is_history, refused, now, *((day, day.day) if day else ())]
    fresh, known, unknown, is_known, maxima = run_raw(statement, values)
    if not is_known:
        get_known(source, now)
        fresh, known, unknown, _, maxima = run_raw(statement, values)
    if maxima:
        recount_maxima(source, map(tuple, maxima), coming, zone)
    rejected = _refuse([(n, events[n]) for n in sorted(unknown)])
    return Ingested(len(fresh), known - len(fresh), rejected, frozenset(fresh))


def pack(events: Events) -> str:
    """Pack events into the one JSON parameter that json_to_recordset reads."""
    return msgspec.json.encode(events).decode()


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


def no_meter(code: str) -> str:
    """Say that there is no such meter, and the remedy."""
    return f"There is no meter {code!r}. Make it {MENDED}"


def no_account(name: str) -> str:
    """Say that there is no such account, and the remedy."""
    return f"There is no account {name!r}. Create it, or match it {MENDED}"


def _refuse(unknown: Sequence[tuple[int, Mapping[str, Any]]]) -> list[tuple[int, str, str]]:
    """Say of each event that was left out which of its references is not there: (index, field, reason)."""
    accounts = known_accounts(event["account"] for _, event in unknown) if unknown else {}
    return [
        (n, "meter", no_meter(event["meter"]))
        if event["account"] in accounts
        else (n, "account", no_account(event["account"]))
        for n, event in unknown
    ]
