"""Gathers what is known of some accounts into the frames that models read."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import text

from app.extensions import db
from app.usage.history import people_history, usage_history
from ml.facts import Facts, empty

_SPAN = "WHERE account_id BETWEEN :low AND :high"
_QUERIES = {
    "subscriptions": (
        "SELECT account_id, started_on, ended_on, end_known_at AS known_end_on, arr_minor AS arr, seats, term_months,"
        f" renews_on, coalesce(auto_renew, true) AS auto_renew FROM subscription {_SPAN} AND NOT is_trial"
        " AND ended_on IS DISTINCT FROM started_on"
    ),
    "interactions": (
        "SELECT account_id, happened_at AS happened_on, recorded_at AS known_on, channel, direction, sentiment, satisfaction,"
        f" coalesce(priority, '') AS priority, resolved_at AS resolved_on, escalated, reach FROM interaction {_SPAN}"
        " AND happened_at BETWEEN :first AND :last"
    ),
    "contacts": (
        f"SELECT account_id, coalesce(role, '') AS role, joined_on, left_on, left_known_at AS known_left_on FROM contact {_SPAN}"
    ),
    "invoices": (
        f"SELECT account_id, issued_on, due_on, paid_on, amount_minor AS amount FROM invoice {_SPAN}"
        " AND due_on BETWEEN :first AND CAST(:last AS date) + 90"
    ),
    "treated": (
        f"SELECT account_id, enrolled_on AS from_on FROM enrolment {_SPAN} AND arm = 'treated'"
    ),
}  # fmt: skip
_DAYS = {"started_on", "ended_on", "known_end_on", "renews_on", "happened_on", "known_on", "resolved_on", "joined_on",
         "left_on", "known_left_on", "issued_on", "due_on", "paid_on", "from_on"}  # fmt: skip
_NUMBERS = {"arr", "seats", "term_months", "sentiment", "satisfaction", "reach", "amount"}
_MONEY = {"arr", "amount"}


def gather(account_ids: Sequence[int], first_day: date, last_day: date, zone: str, minor: int = 100) -> Facts:
    """Read the facts of accounts (ids ascending) from `first_day` to the end of `last_day`, in the workspace's days.

    `minor`: minor units of the currency in one. Raises ValueError when the frames disagree with `Facts`.
    """
    usage = usage_history(account_ids, first_day, last_day)
    span = {"low": account_ids[0], "high": account_ids[-1], "first": first_day, "last": last_day}
    frames = {name: _frame(name, query, span, account_ids, zone, minor) for name, query in _QUERIES.items()}
    started = frames["subscriptions"].groupby("account")["started_on"].min()
    accounts = pd.DataFrame({"id": np.asarray(account_ids, np.int64)})
    accounts["started_on"] = started.reindex(range(len(account_ids))).to_numpy("datetime64[s]")
    people = _people(account_ids, first_day, last_day)
    return Facts(
        accounts, usage=usage.totals, first_day=usage.first_day, meters=usage.meters, user_months=people, **frames
    ).check()


def _frame(name: str, query: str, span: dict[str, Any], ids: Sequence[int], zone: str, minor: int) -> pd.DataFrame:
    result = db.session.execute(text(query), span)
    rows = result.all()
    if not rows:
        return empty(name)
    frame = pd.DataFrame(dict(zip(result.keys(), zip(*rows, strict=True), strict=True)))
    position = np.searchsorted(ids, frame.pop("account_id").to_numpy(np.int64)).clip(max=len(ids) - 1)
    frame.insert(0, "account", position)
    for column in frame.columns:
        frame[column] = _typed(column, frame[column], zone, minor)
    return frame


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


def _people(ids: Sequence[int], first_day: date, last_day: date) -> pd.DataFrame:
    rows = people_history(ids, first_day, last_day)
    if not rows:
        return empty("user_months")
    frame = pd.DataFrame(dict(zip(("id", "person", "month", "days"), zip(*rows, strict=True), strict=True)))
    months = pd.to_datetime(frame["month"])
    return pd.DataFrame(
        {
            "account": np.searchsorted(ids, frame["id"].to_numpy(np.int64)).clip(max=len(ids) - 1),
            "user": pd.factorize(frame["id"].astype(str) + " " + frame["person"])[0],
            "month": (months.dt.year * 12 + months.dt.month - 1).astype(np.int64),
            "days": frame["days"].astype(np.int64),
        }
    )
