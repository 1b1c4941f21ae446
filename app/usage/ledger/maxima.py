"""Counts maxima anew from the ledger, and notes by how much a day that is over has moved."""

from collections.abc import Iterable

from app.core.bulk.upserting import run_raw
from app.usage.ledger.folding import day_columns
from app.usage.ledger.lateness import IS_LATE, KNOWN_ON, SENDER, Coming
from app.usage.models import DAYS

Month = tuple[int, int, str]
"""Account, meter, first day of the month."""


def recount_maxima(source: str, months: Iterable[Month], coming: Coming, zone: str) -> int:
    """Count months of maxima anew, in the order in which all who fold them hold them. Gives how many there were."""
    ordered = sorted(set(months))
    for month in ordered:
        (was,) = run_raw(_LOCK, month)
        run_raw(_RECOUNT, [*month, was, source, zone, coming.at, coming.is_history])
    return len(ordered)


# The row is locked first, so that what is read of the ledger holds all that was folded into it.
_LOCK = f"""
INSERT INTO daily_usage (account_id, meter_id, month, totals)
VALUES ($1, $2, $3::date, array_fill(0.0::float8, ARRAY[{DAYS}]))
ON CONFLICT (workspace_id, account_id, meter_id, month) DO UPDATE SET totals = daily_usage.totals RETURNING totals
"""
_COUNTED = day_columns("greatest(max(quantity) FILTER (WHERE date_part('day', day) = {d}), 0)")
_RECOUNT = f"""
WITH {SENDER.format(source="$5", zone="$6", at="$7", is_history="$8")}, counted AS (
    UPDATE daily_usage SET totals = (
        SELECT ARRAY[{_COUNTED}] FROM counted_event WHERE account_id = $1 AND meter_id = $2 AND is_max
        AND day BETWEEN $3::date AND ($3::date + interval '1 month - 1 day')::date)
    WHERE account_id = $1 AND meter_id = $2 AND month = $3::date RETURNING totals
), changed AS (
    SELECT $1::bigint AS account_id, $3::date + n::int - 1 AS day, now - was AS quantity
    FROM counted, unnest(totals, $4::float8[]) WITH ORDINALITY AS days (now, was, n) WHERE now <> was
), late AS (
    INSERT INTO late_usage (account_id, meter_id, day, known_on, quantity)
    SELECT e.account_id, $2, e.day, {KNOWN_ON.format(history="e.day")}, e.quantity
    FROM changed e CROSS JOIN sender WHERE {IS_LATE}
)
SELECT count(*) FROM changed
"""
