"""What of the usage of some days came late, so that a day can be read as it was known."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text

from app.accounts.spanning import span
from app.extensions import db

NEVER = date(2200, 1, 1)
"""A day on which counts as known what had not been recorded by the moment that is asked for."""


@dataclass(frozen=True)
class Late:
    """What is asked: of some accounts (ids ascending) and days, what became known after the day `after`, or was
    recorded after `stored_by`. A whole month of `first_day` is read; rows may be of other accounts too."""

    account_ids: Sequence[int]
    first_day: date
    last_day: date
    after: date
    stored_by: datetime | None = None


def late_usage(late: Late) -> list[Any]:
    """Read rows (account_id, meter, day, known_on, quantity, total); `total` is all that is known of the day now."""
    return _read(_USAGE, late)


def late_people(late: Late) -> list[Any]:
    """Read rows (account_id, person as a number, month, days, known_on, is_gone): days noted late, or taken away."""
    return _read(_PEOPLE, late)


def _read(query: str, late: Late) -> list[Any]:
    if not late.account_ids:
        return []
    values = {
        "first": late.first_day.replace(day=1), "last": late.last_day, "after": late.after, "never": NEVER,
        "stored_by": late.stored_by,
    }  # fmt: skip
    return list(db.session.execute(text(query.format(span=span(late.account_ids))), values))


_LATE = """
SELECT *, CASE WHEN recorded_at > CAST(:stored_by AS timestamptz) THEN CAST(:never AS date) ELSE known_on END AS since
FROM {table} WHERE {{span}} AND {day} BETWEEN :first AND :last
    AND (known_on > :after OR recorded_at > CAST(:stored_by AS timestamptz))
"""
_USAGE = f"""
SELECT l.account_id, m.code, l.day, l.since, sum(l.quantity), u.totals[date_part('day', l.day)::int]
FROM ({_LATE.format(table="late_usage", day="day")}) l
JOIN meter m ON m.workspace_id = l.workspace_id AND m.id = l.meter_id
JOIN daily_usage u ON u.workspace_id = l.workspace_id AND u.account_id = l.account_id AND u.meter_id = l.meter_id
    AND u.month = date_trunc('month', l.day)::date
GROUP BY l.account_id, m.code, l.day, l.since, u.totals ORDER BY l.account_id, m.code, l.day, l.since
"""
_PEOPLE = f"""
SELECT account_id, hashtextextended(person, 0), month, days, since, is_gone
FROM ({_LATE.format(table="late_person", day="month")}) l ORDER BY account_id, 2, month, id
"""
