"""Gathers what is known of some accounts into the frames that models read."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from app.accounts.former import as_stored
from app.accounts.spanning import listed, span
from app.core.bulk.columns import read_columns
from app.core.clock import end_of_day
from app.health.knowing.recent import Recent, has_spoken, is_used, is_young
from app.usage.history import UsageHistory, people_history, usage_history
from app.usage.ledger.late_history import Late, late_people, late_usage
from ml.facts import COLUMNS, Facts, empty

_VERSION = "account_id, (fact ->> 'id')::bigint AS key, stored_at AS since, replaced_at AS until"
_REPLACED = "{span} AND replaced_at >= %(known)s AND replaced_at <= coalesce(%(stored_by)s, 'infinity'::timestamptz)"
"""What stood on a day that is looked at: it was replaced after the first of them."""
_QUERIES = {
    "subscriptions": """
        SELECT account_id, id AS key, started_on, ended_on, end_known_at AS known_end_on, arr_minor AS arr, seats,
               term_months, renews_on, coalesce(auto_renew, true) AS auto_renew
        FROM {subscription} WHERE NOT is_trial AND ended_on IS DISTINCT FROM started_on""",
    "interactions": """
        SELECT account_id, id AS key, happened_at AS happened_on, recorded_at AS known_on, channel, direction,
               sentiment, satisfaction, coalesce(priority, '') AS priority, resolved_at AS resolved_on, escalated, reach
        FROM {interaction} WHERE happened_at >= %(begins)s AND happened_at < %(ends)s""",
    "contacts": """
        SELECT account_id, id AS key, coalesce(role, '') AS role, joined_on, left_on, left_known_at AS known_left_on
        FROM {contact} WHERE true""",
    "invoices": """
        SELECT account_id, issued_on, due_on, paid_on, amount_minor AS amount
        FROM {invoice} WHERE due_on BETWEEN %(first)s AND CAST(%(last)s AS date) + 90""",
    "treated": "SELECT account_id, enrolled_on AS from_on FROM enrolment WHERE {span} AND arm = 'treated'",
    "former_subscriptions": f"""
        SELECT {_VERSION}, (fact ->> 'seats')::int AS seats, (fact ->> 'term_months')::float8 AS term_months,
               (fact ->> 'renews_on')::date AS renews_on, coalesce((fact ->> 'auto_renew')::boolean, true) AS auto_renew
        FROM former_fact WHERE kind = 'subscription' AND {_REPLACED}""",
    "former_interactions": f"""
        SELECT {_VERSION}, (fact ->> 'sentiment')::float8 AS sentiment,
               (fact ->> 'satisfaction')::float8 AS satisfaction, coalesce(fact ->> 'priority', '') AS priority,
               (fact ->> 'escalated')::boolean AS escalated
        FROM former_fact WHERE kind = 'interaction' AND {_REPLACED}""",
    "former_contacts": f"""
        SELECT {_VERSION}, coalesce(fact ->> 'role', '') AS role
        FROM former_fact WHERE kind = 'contact' AND {_REPLACED}""",
}
_TABLES = ("subscription", "interaction", "contact", "invoice")
_TALK = "interactions"
_IN_ORDER = " ORDER BY account_id, id"
"""Means and sums of an account depend, to the last bit, on the order in which its rows come."""
_DAYS, _NUMBERS, _YES, _MONEY = "day", "number", "yes", {"arr", "amount"}
_MOMENTS = {"known_end_on", "happened_on", "known_on", "resolved_on", "known_left_on", "since", "until"}
_KINDS = {
    "key": "whole", "auto_renew": _YES, "escalated": _YES, "channel": "text", "direction": "text", "priority": "text",
    "role": "text", "arr": _NUMBERS, "seats": _NUMBERS, "term_months": _NUMBERS, "sentiment": _NUMBERS,
    "satisfaction": _NUMBERS, "reach": _NUMBERS, "amount": _NUMBERS,
}  # fmt: skip


def gather(
    account_ids: Sequence[int],
    first_day: date,
    last_day: date,
    zone: str,
    minor: int = 100,
    recent: Recent | None = None,
    *,
    known_after: date | None = None,
    stored_by: datetime | None = None,
) -> Facts:
    """Read the facts of accounts (ids ascending) from `first_day` to the end of `last_day`, in the workspace's days.

    `minor`: minor units of the currency in one. `recent` leaves out what signals of `last_day` do not look at.
    `known_after`: the first day that will be looked at as it was known, `first_day` if nothing is said. `stored_by`:
    leave out what was stored or changed after that moment. Raises ValueError when the frames disagree with `Facts`.
    """
    late = Late(account_ids, first_day, last_day, known_after or first_day, stored_by)
    late_rows = _columns(_LATE_USAGE, late_usage(late), account_ids)
    begins, ends = end_of_day(zone, first_day - timedelta(days=1)), end_of_day(zone, last_day)
    known = end_of_day(zone, known_after or first_day)
    values: dict[str, Any] = {"first": first_day, "last": last_day, "begins": begins, "ends": ends, "known": known}
    values["stored_by"] = stored_by
    frames = {name: _frame(name, values, account_ids, zone, minor) for name in _QUERIES if name != _TALK}
    frames[_TALK] = _talk(values, account_ids, zone, minor, recent)
    usage = _usage(late, recent, frames["subscriptions"], np.unique(late_rows["account"]))
    started = frames["subscriptions"].groupby("account")["started_on"].min()
    accounts = pd.DataFrame({"id": np.asarray(account_ids, np.int64)})
    accounts["started_on"] = started.reindex(range(len(account_ids))).to_numpy("datetime64[s]")
    people, late_users = _people(late, recent)
    return Facts(
        accounts,
        usage=usage.totals,
        first_day=usage.first_day,
        meters=usage.meters,
        user_months=people,
        late_usage=_late_usage(late_rows, usage.meters),
        late_users=late_users,
        **frames,
    ).check()


def _usage(late: Late, recent: Recent | None, subscriptions: pd.DataFrame, late_places: np.ndarray) -> UsageHistory:
    """Read usage; where some of it came late, all of it: without that the account may have been silent."""
    ids, first_day, last_day, stored_by = late.account_ids, late.first_day, late.last_day, late.stored_by
    if recent is None or recent.window_from <= first_day:
        return usage_history(ids, first_day, last_day, stored_by=stored_by)
    usage = usage_history(ids, recent.window_from, last_day, stored_by=stored_by, days_from=first_day)
    is_whole = ~is_used(usage, recent.window_from) | is_young(subscriptions, last_day, len(ids))
    is_whole |= np.isin(ids, list(recent.witnesses))
    is_whole[late_places] = True
    whole, before = np.flatnonzero(is_whole), recent.window_from.replace(day=1) - timedelta(days=1)
    older = usage_history([ids[place] for place in whole.tolist()], first_day, before, stored_by=stored_by)
    usage.totals[whole, :, : older.totals.shape[2]] = older.totals
    return usage


def _talk(values: dict[str, Any], ids: Sequence[int], zone: str, minor: int, recent: Recent | None) -> pd.DataFrame:
    """Read interactions: the newest of all accounts, of older ones those that a signal asks for."""
    if recent is None:
        return _frame(_TALK, values, ids, zone, minor)
    boundary = end_of_day(zone, recent.window_from - timedelta(days=1))
    newest, parts = _frame(_TALK, values | {"begins": boundary}, ids, zone, minor), []
    is_whole = ~has_spoken(newest, values["last"], len(ids)) | np.isin(ids, list(recent.witnesses))
    if recent.waiting:
        waiting = f"id = ANY('{listed(sorted(recent.waiting))}')"
        tickets = _frame(_TALK, values | {"ends": boundary}, ids, zone, minor, waiting)
        parts.append(tickets[~is_whole[tickets["account"].to_numpy()]])
    whole = np.flatnonzero(is_whole)
    if len(whole):
        older = _frame(_TALK, values | {"ends": boundary}, [ids[place] for place in whole.tolist()], zone, minor)
        parts.append(older.assign(account=whole[older["account"].to_numpy()]))
    return pd.concat([*parts, newest], ignore_index=True) if parts else newest


def _frame(
    name: str, values: dict[str, Any], ids: Sequence[int], zone: str, minor: int, which: str | None = None
) -> pd.DataFrame:
    """Read the rows of a frame that meet `which`, a condition in SQL; without one, all of the accounts."""
    which = which or span(ids)
    moment = None if values["stored_by"] is None else "CAST(%(stored_by)s AS timestamptz)"
    tables = {table: as_stored(table, which, moment) for table in _TABLES}
    columns = [*COLUMNS[name], *(["key"] if f"former_{name}" in COLUMNS else [])]
    kinds = {column: _kind(column) for column in columns if column != "account"}
    rows = _QUERIES[name].format(span=which, **tables) + _IN_ORDER
    ours = _ours(read_columns(rows, {"account_id": "whole", **kinds}, values), ids)
    if not len(ours["account"]):
        return empty(name)
    return pd.DataFrame({column: _typed(column, found, zone, minor) for column, found in ours.items()})


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


def _people(late: Late, recent: Recent | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read the months of people and what of them came late; a person has the same number in both."""
    ids, first_day, last_day = late.account_ids, late.first_day, late.last_day
    noted = people_history(ids, first_day if recent is None else max(first_day, recent.people_from), last_day)
    if recent is not None and recent.people_from > first_day:
        before = recent.people_from.replace(day=1) - timedelta(days=1)
        older = people_history(sorted(recent.witnesses & set(ids)), first_day, before)
        noted = {name: np.concatenate([older[name], noted[name]]) for name in noted}
    noted, later = _ours(noted, ids), _columns(_LATE_PEOPLE, late_people(late), ids)
    user = pd.factorize(np.concatenate([noted["person"], later["person"].astype(np.int64)]))[0].astype(np.int64)
    people, of_late = (_months(rows, numbers) for rows, numbers in _split(user, noted, later))
    if of_late.empty:
        return people if len(people) else empty("user_months"), empty("late_users")
    known_on, is_gone = _dates(later["known_on"]), later["is_gone"].astype(bool)
    return people if len(people) else empty("user_months"), of_late.assign(known_on=known_on, is_gone=is_gone)


def _split(user: np.ndarray, noted: dict[str, Any], later: dict[str, Any]) -> list[tuple[dict[str, Any], np.ndarray]]:
    size = len(noted["account"])
    return [(noted, user[:size]), (later, user[size:])]


def _months(rows: dict[str, Any], user: np.ndarray) -> pd.DataFrame:
    months = rows["month"].astype("datetime64[M]").astype(np.int64) + 1970 * 12
    days = rows["days"].astype(np.int64)
    return pd.DataFrame({"account": rows["account"], "user": user, "month": months, "days": days})


def _late_usage(rows: dict[str, Any], meters: Sequence[str]) -> pd.DataFrame:
    known = np.isin(rows["meter"].astype(str), meters)
    if not known.any():
        return empty("late_usage")
    place = {code: position for position, code in enumerate(meters)}
    return pd.DataFrame(
        {
            "account": rows["account"][known],
            "meter": np.array([place[code] for code in rows["meter"][known]], np.int64),
            "day": _dates(rows["day"][known]),
            "known_on": _dates(rows["known_on"][known]),
            "quantity": rows["quantity"][known].astype(float),
            "total": rows["total"][known].astype(float),
        }
    )


_LATE_USAGE = ("account_id", "meter", "day", "known_on", "quantity", "total")
_LATE_PEOPLE = ("account_id", "person", "month", "days", "known_on", "is_gone")


def _columns(names: Sequence[str], rows: Sequence[Any], ids: Sequence[int]) -> dict[str, Any]:
    """Make arrays of the few rows of what came late, of accounts that are meant."""
    columns = zip(*rows, strict=True) if rows else ([] for _ in names)
    found = {name: np.array(list(values), dtype=object) for name, values in zip(names, columns, strict=True)}
    return _ours(found | {"account_id": found["account_id"].astype(np.int64)}, ids)


def _dates(days: np.ndarray) -> np.ndarray:
    return days.astype("datetime64[D]").astype("datetime64[s]")
