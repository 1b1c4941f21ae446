"""Usage as dense arrays: [accounts, meters, days], read by stride from PostgreSQL's binary COPY."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import text

from app.accounts.spanning import span
from app.extensions import db
from app.usage.models import DAYS

_EPOCH = np.datetime64("2000-01-01")
_COPY_HEADER_BYTES = 19
_CELL = np.dtype(
    {
        "names": ["account", "meter", "month", "totals"],
        "formats": [
            ">i8",
            ">i8",
            ">i4",
            (np.dtype({"names": ["v"], "formats": [">f8"], "offsets": [4], "itemsize": 12}), DAYS),
        ],
        "offsets": [6, 18, 30, 58],
        "itemsize": 430,
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
) -> UsageHistory:
    """Read the daily totals of accounts (ids ascending) from the month of `first_day` to `last_day` inclusive.

    All that is known now is in them; late_history.py says what of it came late. `stored_by`: of meters only those that
    had been made by then.
    """
    first = first_day.replace(day=1)
    meters = _meters(most_meters, stored_by)
    totals = np.zeros((len(account_ids), len(meters), (last_day - first).days + 1), np.float32)
    if len(account_ids) and meters:
        cells = _cells(span(account_ids), first, last_day)
        _fill(totals, np.asarray(account_ids), [meter[0] for meter in meters], first, cells)
    return UsageHistory(totals, first, tuple(meter[1] for meter in meters))


def people_history(account_ids: Sequence[int], first_day: date, last_day: date) -> list[Any]:
    """Read who was active when: (account_id, person, month as a date, bit set of days). May hold other accounts too."""
    if not account_ids:
        return []
    query = text(
        f"SELECT account_id, person, month, days FROM user_month WHERE {span(account_ids)}"
        " AND month BETWEEN :first AND :last ORDER BY account_id, person, month"
    )
    return list(db.session.execute(query, {"first": first_day.replace(day=1), "last": last_day}))


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
    for month in np.unique(cells["month"]):
        rows = ours & (cells["month"] == month)
        start = int((_EPOCH + int(month) - np.datetime64(first)).astype(int))
        days = min(DAYS, totals.shape[2] - start, _days_in(_EPOCH + int(month)))
        totals[account_at[rows], meter_at[rows], start : start + days] = cells["totals"]["v"][rows, :days]


def _cells(which: str, first: date, last: date) -> npt.NDArray[Any]:
    """Read whole rows as one array: every value has a fixed width, so no row is looked at in Python."""
    statement = (
        f"COPY (SELECT account_id, meter_id, month, totals FROM daily_usage WHERE {which}"
        f" AND month BETWEEN '{first:%Y-%m-%d}' AND '{last:%Y-%m-%d}') TO STDOUT (FORMAT BINARY)"
    )
    connection: Any = db.session.connection().connection.driver_connection
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        data = b"".join(copy)
    count = (len(data) - _COPY_HEADER_BYTES - 2) // _CELL.itemsize
    return np.frombuffer(data, _CELL, count, _COPY_HEADER_BYTES)


def _days_in(month: np.datetime64) -> int:
    begin = month.astype("datetime64[M]")
    return int(((begin + 1).astype("datetime64[D]") - begin.astype("datetime64[D]")).astype(int))


def first_used_on() -> date | None:
    """Give the first month with any usage."""
    found: date | None = db.session.execute(text("SELECT min(month) FROM daily_usage")).scalar()
    return found
