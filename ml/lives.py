"""The lives of accounts: each unbroken stretch of days on which an account paid.

An account churns on the first day on which nothing of it runs; a later subscription begins a new life.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml.facts import BoolArray, DayArray, Facts, FloatArray, IntArray

_NEVER = np.datetime64("NaT", "D")
_FAR = np.int64(1 << 22)  # a day number beyond any date, small enough to be multiplied by accounts


@dataclass(frozen=True)
class Lives:
    """One entry a life, sorted by account and start; `ended_on` is NaT while the account pays."""

    account: IntArray
    started_on: DayArray
    ended_on: DayArray


def days(column: pd.Series) -> DayArray:
    """Return a date column as numpy days, NaT kept."""
    return column.to_numpy().astype("datetime64[D]")


def ends_as_known(subscriptions: pd.DataFrame, day: np.datetime64) -> DayArray:
    """Return the last day + 1 of each row as known on `day`: NaT when open, or ended but not yet recorded.

    A row that another follows on the same day was changed, not lost, and the change itself makes it known.
    """
    ended = days(subscriptions["ended_on"])
    known = days(subscriptions["known_end_on"])
    known = np.where(np.isnat(known), ended, known)
    apart = np.flatnonzero((known <= day) != (ended <= day))  # for the others it does not matter who follows
    if len(apart):
        known[apart] = np.where(_is_followed(subscriptions, ended, apart), ended[apart], known[apart])
    return np.where(known <= day, ended, _NEVER)


def is_running(subscriptions: pd.DataFrame, day: np.datetime64) -> BoolArray:
    """Tell which rows ran at the end of `day`, as known on that day."""
    ended = ends_as_known(subscriptions, day)
    started = days(subscriptions["started_on"]) <= day
    running: BoolArray = started & ~(ended <= day)
    return running


def arr_on(facts: Facts, day: np.datetime64) -> FloatArray:
    """Return each account's ARR at the end of `day`, as known on that day: [accounts]."""
    running = is_running(facts.subscriptions, day)
    rows = facts.subscriptions[running]
    return np.bincount(rows["account"], weights=rows["arr"], minlength=len(facts)).astype(float)


def lives_as_known(subscriptions: pd.DataFrame, day: np.datetime64) -> Lives:
    """Return every life begun by `day`; an end after `day`, or recorded after it, is not known and left open."""
    paid = subscriptions[(subscriptions["arr"] > 0) & (days(subscriptions["started_on"]) <= day)]
    account, start = paid["account"].to_numpy(np.int64), days(paid["started_on"]).astype(np.int64)
    ended = ends_as_known(paid, day)
    end = np.where(ended <= day, ended.astype(np.int64), _FAR)
    order = np.lexsort((start, account))
    account, start, end = account[order], start[order], end[order]
    first = _begins_life(account, start, end)
    last = np.maximum.reduceat(end, np.flatnonzero(first)) if len(end) else end
    ended_on = np.where(last < _FAR, last, np.int64(0)).astype("datetime64[D]")
    ended_on[last >= _FAR] = _NEVER
    return Lives(account[first], start[first].astype("datetime64[D]"), ended_on)


def current_lives(facts: Facts, day: np.datetime64) -> tuple[DayArray, DayArray]:
    """Return start and end of each account's latest life as known on `day`; NaT where there is none: [accounts]."""
    lives = lives_as_known(facts.subscriptions, day)
    started, ended = (np.full(len(facts), _NEVER) for _ in range(2))
    started[lives.account], ended[lives.account] = lives.started_on, lives.ended_on  # the last of each account wins
    return started, ended


def leaving_on(facts: Facts, day: np.datetime64) -> DayArray:
    """Return the day on which each account is known to leave: NaT unless every running row has a known end.

    Such accounts have given notice. Their churn is a fact, not a prediction: models neither learn from nor are
    judged on them.
    """
    rows = facts.subscriptions[is_running(facts.subscriptions, day)]
    ended = ends_as_known(rows, day)
    end = np.where(np.isnat(ended), _FAR, ended.astype(np.int64))
    latest = np.full(len(facts), np.int64(-1))
    np.maximum.at(latest, rows["account"].to_numpy(), end)
    leaving = np.where((latest >= 0) & (latest < _FAR), latest, 0).astype("datetime64[D]")
    leaving[(latest < 0) | (latest >= _FAR)] = _NEVER
    return leaving


def _begins_life(account: IntArray, start: IntArray, end: IntArray) -> BoolArray:
    """Tell which rows (sorted by account and start) begin a life: none before them reaches their first day."""
    reach = np.maximum.accumulate(account * (2 * _FAR) + end) - account * (2 * _FAR)
    first = np.ones(len(account), dtype=bool)
    first[1:] = (account[1:] != account[:-1]) | (start[1:] > reach[:-1])
    return first


def _is_followed(subscriptions: pd.DataFrame, ended: DayArray, rows: IntArray) -> BoolArray:
    """Tell of some rows, by place, whether another of the account begins on the day on which they end."""
    account = subscriptions["account"].to_numpy(np.int64) * _FAR
    followed: BoolArray = np.isin(account[rows] + ended[rows].astype(np.int64), account + _starts(subscriptions))
    return followed & ~np.isnat(ended[rows])


def _starts(subscriptions: pd.DataFrame) -> IntArray:
    return days(subscriptions["started_on"]).astype(np.int64)
