"""What of the usage of some days came late, so that a day can be read as it was known."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import text

from app.accounts.spanning import span
from app.extensions import db

NEVER = date(2200, 1, 1)
"""A day on which counts as known what had not been recorded by the moment that is asked for."""


def late_usage(
    account_ids: Sequence[int], first_day: date, last_day: date, after: date, stored_by: datetime | None = None
) -> list[Any]:
    """Read what became known after the day `after`, or was recorded after `stored_by`, of the totals of some days.

    Rows (account_id, meter, day, known_on, quantity, total): `total` is all that is known of the day now. May hold
    other accounts too.
    """
    return _read(_USAGE, account_ids, first_day, last_day, after, stored_by)


def late_people(
    account_ids: Sequence[int], first_day: date, last_day: date, after: date, stored_by: datetime | None = None
) -> list[Any]:
    """Read likewise (account_id, person, month, days, known_on, is_gone): days noted late, or taken away."""
    return _read(_PEOPLE, account_ids, first_day, last_day, after, stored_by)


def _read(
    query: str, account_ids: Sequence[int], first_day: date, last_day: date, after: date, stored_by: datetime | None
) -> list[Any]:
    if not account_ids:
        return []
    values = {
        "first": first_day.replace(day=1), "last": last_day, "after": after, "never": NEVER, "stored_by": stored_by,
    }  # fmt: skip
    return list(db.session.execute(text(query.format(span=span(account_ids))), values))


_LATE = """
SELECT *, CASE WHEN recorded_at > CAST(:stored_by AS timestamptz) THEN CAST(:never AS date) ELSE known_on END AS since
FROM {{table}} WHERE {{{{span}}}} AND {day} BETWEEN :first AND :last
    AND (known_on > :after OR recorded_at > CAST(:stored_by AS timestamptz))
"""
_USAGE = f"""
SELECT l.account_id, m.code, l.day, l.since, sum(l.quantity), u.totals[date_part('day', l.day)::int]
FROM ({_LATE.format(day="day").format(table="late_usage")}) l
JOIN meter m ON m.workspace_id = l.workspace_id AND m.id = l.meter_id
JOIN daily_usage u ON u.workspace_id = l.workspace_id AND u.account_id = l.account_id AND u.meter_id = l.meter_id
    AND u.month = date_trunc('month', l.day)::date
GROUP BY l.account_id, m.code, l.day, l.since, u.totals ORDER BY l.account_id, m.code, l.day, l.since
"""
_PEOPLE = f"""
SELECT account_id, person, month, days, since, is_gone
FROM ({_LATE.format(day="month").format(table="late_person")}) l ORDER BY account_id, person, month, id
"""
