"""Gathers what is known of some accounts into the frames that models read."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import text

from app.accounts.former import as_stored
from app.accounts.spanning import span
from app.core.clock import end_of_day
from app.extensions import db
from app.usage.history import people_history, usage_history
from app.usage.late_history import Late, late_people, late_usage
from ml.facts import Facts, empty

_QUERIES = {
    "subscriptions": """
        SELECT account_id, started_on, ended_on, end_known_at AS known_end_on, arr_minor AS arr, seats, term_months,
               renews_on, coalesce(auto_renew, true) AS auto_renew
        FROM {subscription} WHERE NOT is_trial AND ended_on IS DISTINCT FROM started_on""",
    "interactions": """
        SELECT account_id, happened_at AS happened_on, recorded_at AS known_on, channel, direction, sentiment,
               satisfaction, coalesce(priority, '') AS priority, resolved_at AS resolved_on, escalated, reach
        FROM {interaction} WHERE happened_at >= :begins AND happened_at < :ends""",
    "contacts": """
        SELECT account_id, coalesce(role, '') AS role, joined_on, left_on, left_known_at AS known_left_on
        FROM {contact} WHERE true""",
    "invoices": """
        SELECT account_id, issued_on, due_on, paid_on, amount_minor AS amount
        FROM {invoice} WHERE due_on BETWEEN :first AND CAST(:last AS date) + 90""",
    "treated": "SELECT account_id, enrolled_on AS from_on FROM enrolment WHERE {span} AND arm = 'treated'",
}
_TABLES = ("subscription", "interaction", "contact", "invoice")
_IN_ORDER = " ORDER BY account_id, id"
"""Means and sums of an account depend, to the last bit, on the order in which its rows come."""
_DAYS = {"started_on", "ended_on", "known_end_on", "renews_on", "happened_on", "known_on", "resolved_on", "joined_on",
         "left_on", "known_left_on", "issued_on", "due_on", "paid_on", "from_on"}  # fmt: skip
_NUMBERS = {"arr", "seats", "term_months", "sentiment", "satisfaction", "reach", "amount"}
_MONEY = {"arr", "amount"}


def gather(
    account_ids: Sequence[int],
    first_day: date,
    last_day: date,
    zone: str,
    minor: int = 100,
    *,
    known_after: date | None = None,
    stored_by: datetime | None = None,
) -> Facts:
    """Read the facts of accounts (ids ascending) from `first_day` to the end of `last_day`, in the workspace's days.

    `minor`: minor units of the currency in one. `known_after`: the first day that will be looked at as it was known,
    `first_day` if nothing is said. `stored_by`: leave out what was stored or changed after that moment. Raises
    ValueError when the frames disagree with `Facts`.
    """
    usage = usage_history(account_ids, first_day, last_day, stored_by=stored_by)
    begins, ends = end_of_day(zone, first_day - timedelta(days=1)), end_of_day(zone, last_day)
    days = {"first": first_day, "last": last_day, "begins": begins, "ends": ends}
    days |= {} if stored_by is None else {"stored_by": stored_by}
    frames = {name: _frame(name, query, days, account_ids, zone, minor) for name, query in _QUERIES.items()}
    started = frames["subscriptions"].groupby("account")["started_on"].min()
    accounts = pd.DataFrame({"id": np.asarray(account_ids, np.int64)})
    accounts["started_on"] = started.reindex(range(len(account_ids))).to_numpy("datetime64[s]")
    late = Late(account_ids, first_day, last_day, known_after or first_day, stored_by)
    people, late_users = _people(late)
    return Facts(
        accounts,
        usage=usage.totals,
        first_day=usage.first_day,
        meters=usage.meters,
        user_months=people,
        late_usage=_late_usage(late, usage.meters),
        late_users=late_users,
        **frames,
    ).check()


def _frame(name: str, query: str, days: dict[str, Any], ids: Sequence[int], zone: str, minor: int) -> pd.DataFrame:
    which = span(ids)
    moment = "stored_by" if "stored_by" in days else None
    tables = {table: as_stored(table, which, moment) for table in _TABLES}
    result = db.session.execute(text(query.format(span=which, **tables) + _IN_ORDER), days)
    frame = _ours(_table(list(result.keys()), result.all()), ids)
    if frame.empty:
        return empty(name)
    for column in frame.columns:
        frame[column] = _typed(column, frame[column], zone, minor)
    return frame


def _table(columns: Sequence[str], rows: Sequence[Any]) -> pd.DataFrame:
    """Make a frame column by column: four times as fast as row by row."""
    return pd.DataFrame(dict(zip(columns, zip(*rows, strict=True), strict=True)) if rows else {"account_id": []})


def _ours(rows: pd.DataFrame, ids: Sequence[int]) -> pd.DataFrame:
    """Put positions in `ids` where account ids stand; a span of the table may hold accounts that are not meant."""
    theirs = rows.pop("account_id").to_numpy(np.int64)
    position = np.searchsorted(ids, theirs).clip(max=len(ids) - 1)
    rows.insert(0, "account", position)
    return rows[np.asarray(ids)[position] == theirs].reset_index(drop=True)


def _typed(column: str, values: pd.Series, zone: str, minor: int) -> pd.Series:
    if column in _DAYS:
        return _days(values, zone)
    if column in _NUMBERS:
        numbers = pd.to_numeric(values).astype(float)
        return numbers / minor if column in _MONEY else numbers
    return values


def _days(values: pd.Series, zone: str) -> pd.Series:
    """Turn instants into the workspace's days; a midnight that says `known by then` belongs to the day it begins."""
    if values.map(lambda value: isinstance(value, datetime)).any():
        return (
            pd.to_datetime(values, utc=True)
            .dt.tz_convert(zone)
            .dt.tz_localize(None)
            .dt.normalize()
            .astype("datetime64[s]")
        )
    return pd.to_datetime(values).astype("datetime64[s]")


def _people(late: Late) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read the months of people and what of them came late; a person has the same number in both."""
    columns = ["account_id", "person", "month", "days", "known_on", "is_gone"]
    rows = people_history(late.account_ids, late.first_day, late.last_day)
    noted = _ours(_table(columns[:4], rows), late.account_ids)
    later = _ours(_table(columns, late_people(late)), late.account_ids)
    if noted.empty and later.empty:
        return empty("user_months"), empty("late_users")
    both = pd.concat([noted, later], ignore_index=True)
    months = pd.to_datetime(both["month"])
    numbered = pd.DataFrame(
        {
            "account": both["account"].astype(np.int64),
            "user": pd.factorize(both["account"].astype(str) + " " + both["person"])[0],
            "month": (months.dt.year * 12 + months.dt.month - 1).astype(np.int64),
            "days": both["days"].astype(np.int64),
        }
    )
    of_late = numbered[len(noted) :].reset_index(drop=True)
    if later.empty:
        return numbered, empty("late_users")
    of_late = of_late.assign(known_on=_dates(later["known_on"]), is_gone=later["is_gone"].astype(bool))
    return numbered[: len(noted)], of_late


def _late_usage(late: Late, meters: Sequence[str]) -> pd.DataFrame:
    columns = ["account_id", "meter", "day", "known_on", "quantity", "total"]
    rows = _ours(_table(columns, late_usage(late)), late.account_ids)
    rows = rows[rows["meter"].isin(meters)].reset_index(drop=True) if not rows.empty else rows
    if rows.empty:
        return empty("late_usage")
    positions = rows["meter"].map({code: position for position, code in enumerate(meters)})
    return rows.assign(
        meter=positions.astype(np.int64), day=_dates(rows["day"]), known_on=_dates(rows["known_on"])
    ).astype({"quantity": float, "total": float})


def _dates(values: pd.Series) -> pd.Series:
    return pd.to_datetime(values).astype("datetime64[s]")
