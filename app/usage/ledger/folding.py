"""Folds what is counted into the months of accounts and people: the parts of statements that ingest and correct."""

from app.usage.models import DAYS


def day_columns(term: str) -> str:
    """Write a term for each day of a month."""
    return ", ".join(term.format(d=d) for d in range(1, DAYS + 1))


def _fold(name: str, which: str, month: str, row: str, change: str) -> str:
    """Write the CTE that folds `cells (account_id, meter_id, day, dom, quantity)` of one kind of meter into months."""
    return f"""
{name} AS (
    INSERT INTO daily_usage (account_id, meter_id, month, totals)
    SELECT account_id, meter_id, {month} AS month, {row}
    FROM cells WHERE {which} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (workspace_id, account_id, meter_id, month) DO UPDATE SET {change}
)"""


def _of_any_days(name: str, which: str, gather: str, combine: str) -> str:
    gathered = day_columns(gather.format(of="(quantity) FILTER (WHERE dom = {d})"))
    combined = day_columns(combine.format(old="daily_usage.totals[{d}]", new="excluded.totals[{d}]"))
    return _fold(name, which, "day - dom + 1", f"ARRAY[{gathered}]", f"totals = ARRAY[{combined}]")


def _of_one_day(name: str, which: str, gather: str, combine: str) -> str:
    before, after = (f"array_fill(0.0::float8, ARRAY[{days}])" for days in ("$9::int - 1", f"{DAYS} - $9::int"))
    combined = combine.format(old="daily_usage.totals[$9::int]", new="excluded.totals[$9::int]")
    row = f"{before} || {gather.format(of='(quantity)')} || {after}"
    return _fold(name, which, "$8::date - $9::int + 1", row, f"totals[$9::int] = {combined}")


_SUMS = ("sums", "NOT is_max", "coalesce(sum{of}, 0)", "{old} + {new}")
_MAXIMA = ("maxima", "is_max AND NOT (TABLE recounted)", "greatest(max{of}, 0)", "greatest({old}, {new})")
"""Of maxima that are recounted afterwards (maxima.py) none is folded: `recounted` is one row that says so."""

FOLD_SUMS, FOLD_MAXIMA = _of_any_days(*_SUMS), _of_any_days(*_MAXIMA)
FOLD_SUMS_OF_DAY, FOLD_MAXIMA_OF_DAY = _of_one_day(*_SUMS), _of_one_day(*_MAXIMA)
"""Where all cells are of the day $8, the $9th of its month: one term a row in place of 31, and of twice 31 to be made
ready for each statement."""

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
