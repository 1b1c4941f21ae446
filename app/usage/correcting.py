"""Corrects usage: takes back what was counted for an event, and counts what it says now."""

from datetime import date, datetime

from sqlalchemy import text

from app.extensions import db
from app.usage.ingesting import FOLD_SUMS, GIVEN, KEEP_RAW, NOTE_TOUCH, Events, day_columns, pack
from app.usage.sourcing import note_intake, source_id
from app.usage.touching import ask_for_scoring

_CORRECT = f"""
WITH {GIVEN}, was AS MATERIALIZED (
    SELECT e.key, e.account_id, e.meter_id, e.day, date_part('day', e.day)::int AS dom, e.quantity, e.is_max
    FROM counted_event e JOIN known ON known.key = e.key
    WHERE e.source_id = :source AND (e.account_id, e.meter_id, e.day, e.quantity)
        IS DISTINCT FROM (known.account_id, known.meter_id, known.day, known.quantity)
    ORDER BY e.key FOR UPDATE OF e
), says AS MATERIALIZED (
    SELECT known.* FROM known JOIN was USING (key)
), corrected AS (
    UPDATE counted_event e SET (account_id, meter_id, day, quantity, is_max)
        = (says.account_id, says.meter_id, says.day, says.quantity, says.is_max)
    FROM says WHERE e.source_id = :source AND e.key = says.key
), {KEEP_RAW.format(of="says")}, cells AS MATERIALIZED (
    SELECT account_id, meter_id, day, dom, -quantity AS quantity, is_max FROM was
    UNION ALL SELECT account_id, meter_id, day, dom, quantity, is_max FROM says
), {FOLD_SUMS}, {NOTE_TOUCH}
SELECT DISTINCT account_id, meter_id, day - dom + 1 AS month, is_max FROM cells ORDER BY 1, 2, 3
"""


def correct(source: str, events: Events, now: datetime, zone: str = "UTC") -> int:
    """Replace counted events by corrected ones of the same ids; their days follow. Of one id the last counts.

    Gives how many months of maxima were counted anew. People stay noted on the days they were.
    """
    if not events:
        return 0
    sender = source_id(source, now)
    note_intake(sender, 0, 0, 0, now)
    return correct_for(sender, events, now, zone)


def correct_for(source: int, events: Events, now: datetime, zone: str) -> int:
    """Do what `correct` does for a source that is known by its number, whose caller notes the intake."""
    last = list({event["event_id"]: event for event in events}.values())
    months = db.session.execute(text(_CORRECT), {"events": pack(last), "source": source, "zone": zone}).all()
    maxima = [(row.account_id, row.meter_id, row.month) for row in months if row.is_max]
    for account_id, meter_id, month in maxima:
        _recount_maximum(account_id, meter_id, month)
    if months:
        ask_for_scoring(now)
    return len(maxima)


def _recount_maximum(account_id: int, meter_id: int, month: date) -> None:
    counted = day_columns("greatest(max(quantity) FILTER (WHERE date_part('day', day) = {d}), 0)")
    db.session.execute(
        text(
            "INSERT INTO daily_usage (account_id, meter_id, month, totals)"
            f" SELECT :account, :meter, CAST(:month AS date), ARRAY[{counted}] FROM counted_event"
            " WHERE account_id = :account AND meter_id = :meter AND is_max"
            " AND day BETWEEN CAST(:month AS date) AND (CAST(:month AS date) + interval '1 month - 1 day')::date"
            " ON CONFLICT (workspace_id, account_id, meter_id, month) DO UPDATE SET totals = excluded.totals"
        ),
        {"account": account_id, "meter": meter_id, "month": month},
    )
