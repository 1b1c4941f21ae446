"""Gathers what is known of some accounts into the frames that models read."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from app.accounts.spanning import span
from app.core.clock import end_of_day
from app.core.columns import read_columns
from app.usage.history import UsageHistory, people_history, usage_history
from ml.facts import COLUMNS, Facts, empty
from ml.signals.view import ERRORS

_QUERIES = {
    "subscriptions": """
        SELECT account_id, started_on, ended_on, end_known_at AS known_end_on, arr_minor AS arr, seats, term_months,
               renews_on, coalesce(auto_renew, true) AS auto_renew
        FROM subscription WHERE {span} AND NOT is_trial AND ended_on IS DISTINCT FROM started_on""",
    "interactions": """
        SELECT account_id, happened_at AS happened_on, recorded_at AS known_on, channel, direction, sentiment,
               satisfaction, coalesce(priority, '') AS priority, resolved_at AS resolved_on, escalated, reach
        FROM interaction WHERE {span} AND happened_at >= %(begins)s AND happened_at < %(ends)s
        ORDER BY account_id, happened_at, id""",  # so that their sums are the same to the last bit each night
    "contacts": """
        SELECT account_id, coalesce(role, '') AS role, joined_on, left_on, left_known_at AS known_left_on
        FROM contact WHERE {span}""",
    "invoices": """
        SELECT account_id, issued_on, due_on, paid_on, amount_minor AS amount
        FROM invoice WHERE {span} AND due_on BETWEEN %(first)s AND CAST(%(last)s AS date) + 90""",
    "treated": "SELECT account_id, enrolled_on AS from_on FROM enrolment WHERE {span} AND arm = 'treated'",
}
_DAYS, _NUMBERS, _YES, _MONEY = "day", "number", "yes", {"arr", "amount"}
_MOMENTS = {"known_end_on", "happened_on", "known_on", "resolved_on", "known_left_on"}
_KINDS = {
    "auto_renew": _YES, "escalated": _YES, "channel": "text", "direction": "text", "priority": "text", "role": "text",
    "arr": _NUMBERS, "seats": _NUMBERS, "term_months": _NUMBERS, "sentiment": _NUMBERS, "satisfaction": _NUMBERS,
    "reach": _NUMBERS, "amount": _NUMBERS,
}  # fmt: skip


@dataclass(frozen=True)
class Recent:
    """From when on the signals of a day look at everybody's usage and people.

    Before, they ask only whether the book's sources spoke at all, which the `witnesses` among the accounts tell, and
    when an account that has been silent since was used last.
    """

    usage_from: date
    people_from: date
    witnesses: AbstractSet[int]


def gather(
    account_ids: Sequence[int],
    first_day: date,
    last_day: date,
    zone: str,
    minor: int = 100,
    recent: Recent | None = None,
) -> Facts:
    """Read the facts of accounts (ids ascending) from `first_day` to the end of `last_day`, in the workspace's days.

    `minor`: minor units of the currency in one. `recent` leaves out what signals of `last_day` do not look at.
    Raises ValueError when the frames disagree with `Facts`.
    """
    usage = _usage(account_ids, first_day, last_day, recent)
    begins, ends = end_of_day(zone, first_day - timedelta(days=1)), end_of_day(zone, last_day)
    days = {"first": first_day, "last": last_day, "begins": begins, "ends": ends}
    frames = {name: _frame(name, query, days, account_ids, zone, minor) for name, query in _QUERIES.items()}
    started = frames["subscriptions"].groupby("account")["started_on"].min()
    accounts = pd.DataFrame({"id": np.asarray(account_ids, np.int64)})
    accounts["started_on"] = started.reindex(range(len(account_ids))).to_numpy("datetime64[s]")
    people = _people(account_ids, first_day, last_day, recent)
    return Facts(
        accounts, usage=usage.totals, first_day=usage.first_day, meters=usage.meters, user_months=people, **frames
    ).check()


def _usage(ids: Sequence[int], first_day: date, last_day: date, recent: Recent | None) -> UsageHistory:
    if recent is None or recent.usage_from <= first_day:
        return usage_history(ids, first_day, last_day)
    newest, first = usage_history(ids, recent.usage_from, last_day), first_day.replace(day=1)
    older_days = (newest.first_day - first).days
    totals = np.zeros((*newest.totals.shape[:2], older_days + newest.totals.shape[2]), np.float32)
    totals[:, :, older_days:] = newest.totals
    used = [place for place, meter in enumerate(newest.meters) if meter != ERRORS]
    silent = newest.totals.max(axis=2, initial=0)[:, used].max(axis=1, initial=0) <= 0
    whole = np.flatnonzero(silent | np.isin(ids, list(recent.witnesses)))
    older = usage_history([ids[place] for place in whole], first, newest.first_day - timedelta(days=1))
    totals[whole, :, :older_days] = older.totals
    return UsageHistory(totals, first, newest.meters)


def _frame(name: str, query: str, days: dict[str, Any], ids: Sequence[int], zone: str, minor: int) -> pd.DataFrame:
    kinds = {column: _kind(column) for column in COLUMNS[name] if column != "account"}
    columns = read_columns(query.format(span=span(ids)), {"account_id": "whole", **kinds}, days)
    ours = _ours(columns, ids)
    if not len(ours["account"]):
        return empty(name)
    return pd.DataFrame({column: _typed(column, values, zone, minor) for column, values in ours.items()})


def _kind(column: str) -> str:
    return "moment" if column in _MOMENTS else _KINDS.get(column, _DAYS)


def _ours(columns: dict[str, Any], ids: Sequence[int]) -> dict[str, Any]:
    """Put positions in `ids` where account ids stand; a span of the table may hold accounts that are not meant."""
    theirs = columns.pop("account_id")
    position = np.searchsorted(ids, theirs).clip(max=len(ids) - 1)
    meant = np.asarray(ids)[position] == theirs
    found = {"account": position, **columns}
    if meant.all():
        return found
    return {
        name: np.asarray(values, object)[meant].tolist() if isinstance(values, list) else values[meant]
        for name, values in found.items()
    }


def _typed(column: str, values: Any, zone: str, minor: int) -> Any:
    if column in _MOMENTS:
        return _days(values, zone)
    if _kind(column) == _DAYS and column != "account":
        return values.astype("datetime64[s]")
    return values / minor if column in _MONEY else values


def _days(moments: np.ndarray, zone: str) -> np.ndarray:
    """Turn moments into the workspace's days; a midnight that says `known by then` belongs to the day it begins."""
    local = pd.DatetimeIndex(moments, tz="UTC").tz_convert(zone).tz_localize(None)
    return local.to_numpy().astype("datetime64[D]").astype("datetime64[s]")


def _people(ids: Sequence[int], first_day: date, last_day: date, recent: Recent | None) -> pd.DataFrame:
    rows = people_history(ids, first_day if recent is None else max(first_day, recent.people_from), last_day)
    if recent is not None and recent.people_from > first_day:
        before = recent.people_from.replace(day=1) - timedelta(days=1)
        older = people_history(sorted(recent.witnesses & set(ids)), first_day, before)
        rows = {name: np.concatenate([older[name], rows[name]]) for name in rows}
    rows = _ours(rows, ids)
    if not len(rows["account"]):
        return empty("user_months")
    return pd.DataFrame(
        {
            "account": rows["account"],
            "user": pd.factorize(rows["person"])[0],
            "month": rows["month"].astype("datetime64[M]").astype(np.int64) + 1970 * 12,
            "days": rows["days"],
        }
    )
