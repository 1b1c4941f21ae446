"""Reads of daily totals and active people, as exact as they are kept."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select, text

from app.extensions import db
from app.usage.models import Meter

_TOTALS = text("""
SELECT m.code AS meter, m.kind, m.unit, u.month, u.totals FROM daily_usage u
JOIN meter m ON m.workspace_id = u.workspace_id AND m.id = u.meter_id
WHERE u.account_id = :account AND u.month BETWEEN :first AND :until
  AND (CAST(:meter AS text) IS NULL OR m.code = :meter)
ORDER BY m.position, m.id, u.month
""")
_PEOPLE = text(
    "SELECT person, month, days FROM user_month WHERE account_id = :account AND month BETWEEN :first AND :until"
)
_MONTHS = """
SELECT u.account_id, u.meter_id, m.code AS meter, u.month, u.totals FROM daily_usage u
JOIN meter m ON m.workspace_id = u.workspace_id AND m.id = u.meter_id
WHERE u.month = :month {beyond} ORDER BY u.account_id, u.meter_id LIMIT :limit
"""
_BEYOND = "AND (u.account_id, u.meter_id) > (CAST(:account AS bigint), CAST(:of AS bigint))"


@dataclass(frozen=True)
class Totals:
    """A meter's totals of a period, one a day."""

    meter: str
    kind: str
    unit: str
    totals: list[float]


def daily_totals(account_id: int, since: date, until: date, meter: str | None = None) -> list[Totals]:
    """Give an account's totals of each meter used in the period; a day without any is 0."""
    values = {"account": account_id, "first": since.replace(day=1), "until": until, "meter": meter}
    days = (until - since).days + 1
    found: dict[str, Totals] = {}
    for row in db.session.execute(_TOTALS, values):
        of = found.setdefault(row.meter, Totals(row.meter, row.kind, row.unit, [0.0] * days))
        for n, total in enumerate(row.totals[: monthrange(row.month.year, row.month.month)[1]]):
            at = (row.month - since).days + n
            if 0 <= at < days:
                of.totals[at] = total
    return list(found.values())


def active_people(account_id: int, since: date, until: date) -> tuple[list[int], int]:
    """Give how many people were active on each day of a period, and how many in all of it."""
    days = [0] * ((until - since).days + 1)
    people = set()
    values = {"account": account_id, "first": since.replace(day=1), "until": until}
    for row in db.session.execute(_PEOPLE, values):
        for n in range(31):
            at = (row.month - since).days + n
            if row.days >> n & 1 and 0 <= at < len(days):
                days[at] += 1
                people.add(row.person)
    return days, len(people)


def months(month: date, after: Sequence[Any] | None, limit: int) -> list[Any]:
    """Give a month of the book by account and meter, those after an (account, meter)."""
    values = {"month": month, "limit": limit} | ({"account": after[0], "of": after[1]} if after else {})
    return list(db.session.execute(text(_MONTHS.format(beyond=_BEYOND if after else "")), values))


def meters() -> Sequence[Meter]:
    """Give all meters in their order."""
    return db.session.scalars(select(Meter).order_by(Meter.position, Meter.id).limit(1_000)).all()


def find_meter(code: str) -> Meter | None:
    """Give a meter by its code."""
    return db.session.scalars(select(Meter).where(Meter.code == code)).one_or_none()


def last_days(until: date | None, today: date) -> tuple[date, date]:
    """Give the 28 days up to a day, or to today."""
    last = until or today
    return last - timedelta(days=27), last
