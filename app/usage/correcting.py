"""Corrects usage: takes back what was counted for an event, and counts what it says now."""

from datetime import datetime

from sqlalchemy import text

from app.core.upserting import run_raw
from app.extensions import db
from app.usage.ingesting import (
    FOLD_SUMS,
    GIVEN,
    KEEP_RAW,
    NOTE_PEOPLE,
    UNNOTED,
    Events,
    ask_for_scoring,
    day_columns,
    pack,
)
from app.usage.models import DAYS
from app.usage.sourcing import get_known, note_intake

_CORRECT = f"""
WITH {GIVEN}, was AS MATERIALIZED (
    SELECT e.key, e.account_id, e.meter_id, e.day, date_part('day', e.day)::int AS dom, e.quantity, e.is_max
    FROM counted_event e JOIN known ON known.key = e.key
    WHERE e.source_id = known.source_id AND (e.account_id, e.meter_id, e.day, e.quantity)
        IS DISTINCT FROM (known.account_id, known.meter_id, known.day, known.quantity)
    ORDER BY e.key FOR UPDATE OF e
), says AS MATERIALIZED (
    SELECT known.* FROM known JOIN was USING (key)
), corrected AS (
    UPDATE counted_event e SET (account_id, meter_id, day, quantity, is_max)
        = (says.account_id, says.meter_id, says.day, says.quantity, says.is_max)
    FROM says WHERE e.source_id = says.source_id AND e.key = says.key
), {KEEP_RAW.format(of="says")}, cells AS MATERIALIZED (
    SELECT account_id, meter_id, day, dom, -quantity AS quantity, is_max FROM was
    UNION ALL SELECT account_id, meter_id, day, dom, quantity, is_max FROM says
), named AS MATERIALIZED (
    SELECT e.account_id, e.person, e.day, e.dom FROM known e JOIN counted_event USING (source_id, key) WHERE {UNNOTED}
), {FOLD_SUMS}, {NOTE_PEOPLE.format(of="named")}, touched AS (
    INSERT INTO touched_account (account_ids) SELECT array_agg(account_id)
    FROM (SELECT account_id FROM cells UNION SELECT account_id FROM named) changed HAVING count(*) > 0
), asked AS ({ask_for_scoring("EXISTS (TABLE cells) OR EXISTS (TABLE named)")})
SELECT coalesce(json_agg(DISTINCT jsonb_build_array(account_id, meter_id, day - dom + 1, is_max)), '[]') FROM cells
"""


def correct(source: str, events: Events, now: datetime, zone: str = "UTC") -> int:
    """Replace counted events by corrected ones of the same ids; their days follow. Of one id the last counts.

    Gives how many months of maxima were counted anew. People stay noted on the days they were, and whom a correction
    names is noted too.
    """
    if not events:
        return 0
    get_known(source, now)
    note_intake(source, 0, 0, 0, now)
    return recount(source, events, now, zone)


def recount(source: str, events: Events, now: datetime, zone: str) -> int:
    """Do what `correct` does, and leave it to the caller to note the intake."""
    last = list({event["event_id"]: event for event in events}.values())
    (months,) = run_raw(_CORRECT, [pack(last), source, zone, now])
    maxima = sorted(tuple(month[:3]) for month in months if month[3])
    for account_id, meter_id, month in maxima:
        _recount_maximum(account_id, meter_id, month)
    return len(maxima)


def _recount_maximum(account_id: int, meter_id: int, month: str) -> None:
    """The row is locked first, so that what is read of the ledger holds all that was folded into it."""
    month_of = {"account": account_id, "meter": meter_id, "month": month}
    db.session.execute(text(_LOCK), month_of)
    counted = day_columns("greatest(max(quantity) FILTER (WHERE date_part('day', day) = {d}), 0)")
    db.session.execute(
        text(
            f"UPDATE daily_usage SET totals = (SELECT ARRAY[{counted}] FROM counted_event"
            " WHERE account_id = :account AND meter_id = :meter AND is_max"
            " AND day BETWEEN CAST(:month AS date) AND (CAST(:month AS date) + interval '1 month - 1 day')::date)"
            " WHERE account_id = :account AND meter_id = :meter AND month = CAST(:month AS date)"
        ),
        month_of,
    )


_LOCK = f"""
INSERT INTO daily_usage (account_id, meter_id, month, totals)
VALUES (:account, :meter, CAST(:month AS date), array_fill(0.0::float8, ARRAY[{DAYS}]))
ON CONFLICT (workspace_id, account_id, meter_id, month) DO UPDATE SET totals = daily_usage.totals
"""
