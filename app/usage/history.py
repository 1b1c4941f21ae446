"""Usage as dense arrays: [accounts, meters, days], read by stride from rows that PostgreSQL packs into one value."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import text

from app.accounts.spanning import span
from app.core.bulk.columns import read_columns
from app.extensions import db
from app.usage.models import DAYS

_EPOCH = np.datetime64("2000-01-01")
_SLICE = 250  # accounts read at a time: larger answers need fresh memory for each, on both sides
_CELL = np.dtype(
    {
        "names": ["account", "meter", "month", "totals"],
        "formats": [
            ">i8",
            ">i8",
            ">i4",
            (np.dtype({"names": ["v"], "formats": [">f8"], "offsets": [4], "itemsize": 12}), DAYS),
        ],
        "offsets": [0, 8, 16, 40],
        "itemsize": 412,
    }
)


@dataclass(frozen=True)
class UsageHistory:
    """`totals`: float32 [accounts, meters, days]; day 0 is `first_day`; a day without a row is 0."""

    totals: npt.NDArray[np.float32]
    first_day: date
    meters: tuple[str, ...]


def usage_history(
    account_ids: Sequence[int],
    first_day: date,
    last_day: date,
    most_meters: int = 12,
    stored_by: datetime | None = None,
    days_from: date | None = None,
) -> UsageHistory:
    """Read the daily totals of accounts (ids ascending) from the month of `first_day` to `last_day` inclusive.

    All that is known now is in them; late_history.py says what of it came late. `stored_by`: of meters only those that
    had been made by then. `days_from`: an earlier day, to the month of which days are given, as 0, that are not read.
    """
    read_from, first = first_day.replace(day=1), (days_from or first_day).replace(day=1)
    meters = _meters(most_meters, stored_by)
    totals = np.zeros((len(account_ids), len(meters), (last_day - first).days + 1), np.float32)
    for start in range(0, len(account_ids) if meters else 0, _SLICE):
        some = account_ids[start : start + _SLICE]
        cells = _cells(span(some), read_from, last_day)
        _fill(totals[start : start + _SLICE], np.asarray(some), [meter[0] for meter in meters], first, cells)
    return UsageHistory(totals, first, tuple(meter[1] for meter in meters))


def people_history(account_ids: Sequence[int], first_day: date, last_day: date) -> dict[str, npt.NDArray[Any]]:
    """Read who was active when, as columns: account_id, person (a number), month (its first day), days (bit set).

    May hold other accounts too.
    """
    query = (
        "SELECT account_id, hashtextextended(person, 0) AS person, month, days FROM user_month"
        f" WHERE {span(account_ids) if account_ids else 'false'} AND month BETWEEN %(first)s AND %(last)s"
    )
    kinds = {"account_id": "whole", "person": "whole", "month": "day", "days": "whole"}
    return read_columns(query, kinds, {"first": first_day.replace(day=1), "last": last_day})


def _meters(most: int, made_by: datetime | None) -> list[tuple[int, str]]:
    query = text(
        "SELECT id, code FROM meter WHERE made_at <= coalesce(:made_by, CAST('infinity' AS timestamptz))"
        " ORDER BY is_core DESC, position, id LIMIT :most"
    )
    return [(row[0], row[1]) for row in db.session.execute(query, {"most": most, "made_by": made_by})]


def _fill(
    totals: npt.NDArray[np.float32],
    accounts: npt.NDArray[np.int64],
    meters: list[int],
    first: date,
    cells: npt.NDArray[Any],
) -> None:
    order = np.argsort(meters)
    meter_at = order[np.searchsorted(np.asarray(meters)[order], cells["meter"]).clip(max=len(meters) - 1)]
    account_at = np.searchsorted(accounts, cells["account"]).clip(max=len(accounts) - 1)
    ours = (accounts[account_at] == cells["account"]) & (np.asarray(meters)[meter_at] == cells["meter"])
    start = 0
    while start < totals.shape[2]:
        month = np.datetime64(first) + start
        rows = np.flatnonzero(ours & (cells["month"] == (month - _EPOCH).astype(int)))
        days = min(_days_in(month), totals.shape[2] - start)
        totals[account_at[rows], meter_at[rows], start : start + days] = cells["totals"]["v"][rows, :days]
        start += _days_in(month)


def _cells(which: str, first: date, last: date) -> npt.NDArray[Any]:
    """Read whole rows as one array: every value has a fixed width, and PostgreSQL joins them into one."""
    statement = (
        "SELECT string_agg(int8send(account_id) || int8send(meter_id) || date_send(month) || array_send(totals),"
        f" ''::bytea) FROM daily_usage WHERE {which} AND month BETWEEN %(first)s AND %(last)s"
    )
    connection: Any = db.session.connection().connection.driver_connection
    with connection.cursor(binary=True) as cursor:
        data = cursor.execute(statement, {"first": first, "last": last}).fetchone()[0] or b""
    return np.frombuffer(data, _CELL)


def _days_in(month: np.datetime64) -> int:
    begin = month.astype("datetime64[M]")
    return int(((begin + 1).astype("datetime64[D]") - begin.astype("datetime64[D]")).astype(int))


def first_used_on() -> date | None:
    """Give the first month with any usage."""
    found: date | None = db.session.execute(text("SELECT min(month) FROM daily_usage")).scalar()
    return found
