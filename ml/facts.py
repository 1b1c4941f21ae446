"""Everything about a book of accounts that a model may know, each fact with its day and the day it was known."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
DayArray = npt.NDArray[np.datetime64]

_DAY, _NUMBER, _WHOLE, _TEXT, _YES = "day", "number", "whole number", "text", "yes or no"
_EMPTY_DTYPE = {_DAY: "datetime64[s]", _NUMBER: "float64", _WHOLE: "int64", _TEXT: "object", _YES: "bool"}
_KINDS = {_DAY: "M", _NUMBER: "fiu", _WHOLE: "iu", _YES: "b"}

COLUMNS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "accounts": {"id": _WHOLE, "started_on": _DAY},
        "subscriptions": {
            "account": _WHOLE,
            "started_on": _DAY,
            "ended_on": _DAY,
            "known_end_on": _DAY,
            "arr": _NUMBER,
            "seats": _NUMBER,
            "term_months": _NUMBER,
            "renews_on": _DAY,
            "auto_renew": _YES,
        },
        "late_usage": {
            "account": _WHOLE,
            "meter": _WHOLE,
            "day": _DAY,
            "known_on": _DAY,
            "quantity": _NUMBER,
            "total": _NUMBER,
        },
        "user_months": {"account": _WHOLE, "user": _WHOLE, "month": _WHOLE, "days": _WHOLE},
        "late_users": {
            "account": _WHOLE,
            "user": _WHOLE,
            "month": _WHOLE,
            "days": _WHOLE,
            "known_on": _DAY,
            "is_gone": _YES,
        },
        "interactions": {
            "account": _WHOLE,
            "happened_on": _DAY,
            "known_on": _DAY,
            "channel": _TEXT,
            "direction": _TEXT,
            "sentiment": _NUMBER,
            "satisfaction": _NUMBER,
            "priority": _TEXT,
            "resolved_on": _DAY,
            "escalated": _YES,
            "reach": _NUMBER,
        },
        "contacts": {"account": _WHOLE, "role": _TEXT, "joined_on": _DAY, "left_on": _DAY, "known_left_on": _DAY},
        "invoices": {"account": _WHOLE, "issued_on": _DAY, "due_on": _DAY, "paid_on": _DAY, "amount": _NUMBER},
        "treated": {"account": _WHOLE, "from_on": _DAY},
        "former_subscriptions": {
            "account": _WHOLE,
            "key": _WHOLE,
            "since": _DAY,
            "until": _DAY,
            "seats": _NUMBER,
            "term_months": _NUMBER,
            "renews_on": _DAY,
            "auto_renew": _YES,
        },
        "former_interactions": {
            "account": _WHOLE,
            "key": _WHOLE,
            "since": _DAY,
            "until": _DAY,
            "sentiment": _NUMBER,
            "satisfaction": _NUMBER,
            "priority": _TEXT,
            "escalated": _YES,
        },
        "former_contacts": {"account": _WHOLE, "key": _WHOLE, "since": _DAY, "until": _DAY, "role": _TEXT},
    }
)


@dataclass(frozen=True)
class Facts:
    """A book of accounts; `accounts` may have a column `segment`, text by which reports are split.

    `account` columns hold the position 0..n-1 in `accounts`; days are datetime64 at midnight, NaT = never or
    unknown. `usage` is [accounts, meters, days] from `first_day` on. `user_months.days` has bit d-1 set when the
    person was active on day d of `month` (year * 12 + month - 1). One subscription row is one stretch of constant
    price: a renewal or change closes a row and opens the next on the same day.

    `usage` and `user_months` hold all that is known; `late_usage` and `late_users` say what of it was not known on its
    day: `quantity` of the `total` of a meter (its position) on a day; days noted of a person, or taken (`is_gone`).

    `subscriptions`, `interactions` and `contacts` say what is known now. What they said before they were changed is in
    `former_subscriptions` and so on: it stood at the end of the days from `since` up to, not with, `until`, for the row
    of the same `key`, a column that the three have where anything was ever changed.
    """

    accounts: pd.DataFrame
    subscriptions: pd.DataFrame
    usage: npt.NDArray[np.float32]
    first_day: date
    meters: tuple[str, ...]
    user_months: pd.DataFrame
    interactions: pd.DataFrame
    contacts: pd.DataFrame
    invoices: pd.DataFrame
    treated: pd.DataFrame
    late_usage: pd.DataFrame = field(default_factory=lambda: empty("late_usage"))
    late_users: pd.DataFrame = field(default_factory=lambda: empty("late_users"))
    former_subscriptions: pd.DataFrame = field(default_factory=lambda: empty("former_subscriptions"))
    former_interactions: pd.DataFrame = field(default_factory=lambda: empty("former_interactions"))
    former_contacts: pd.DataFrame = field(default_factory=lambda: empty("former_contacts"))

    def __len__(self) -> int:
        return len(self.accounts)

    @property
    def segments(self) -> npt.NDArray[np.object_]:
        """Return each account's segment, "" where none is known: [accounts]."""
        if "segment" not in self.accounts:
            return np.full(len(self), "", dtype=object)
        return self.accounts["segment"].fillna("").to_numpy(dtype=object)

    def check(self) -> Self:
        """Return these facts, or raise ValueError naming the field that disagrees with its description."""
        for name, columns in COLUMNS.items():
            _check_frame(name, getattr(self, name), columns, len(self))
        if self.usage.shape[:2] != (len(self), len(self.meters)) or self.usage.ndim != 3:
            raise ValueError(
                f"usage: expected [{len(self)} accounts, {len(self.meters)} meters, days], got {self.usage.shape}"
            )
        return self

    def of_accounts(self, positions: IntArray) -> Self:
        """Return the facts of some accounts only, in the order given; positions are renumbered from 0."""
        place = np.full(len(self), -1)
        place[positions] = np.arange(len(positions))
        smaller: dict[str, Any] = {name: _rows_of(getattr(self, name), place) for name in COLUMNS if name != "accounts"}
        accounts = self.accounts.iloc[positions].reset_index(drop=True)
        return replace(self, accounts=accounts, usage=self.usage[positions], **smaller)


def empty(name: str) -> pd.DataFrame:
    """Return a frame of `Facts` with its columns and no row, e.g. for a source that is not connected."""
    return pd.DataFrame({column: pd.Series(dtype=_EMPTY_DTYPE[kind]) for column, kind in COLUMNS[name].items()})


def _check_frame(name: str, frame: pd.DataFrame, columns: Mapping[str, str], accounts: int) -> None:
    for column, kind in columns.items():
        if column not in frame.columns:
            raise ValueError(f"{name}.{column}: the column is missing")
        if frame[column].dtype.kind not in _KINDS.get(kind, frame[column].dtype.kind):
            raise ValueError(f"{name}.{column}: expected a {kind}, got {frame[column].dtype}")
    if "account" in columns and len(frame) and not frame["account"].between(0, accounts - 1).all():
        raise ValueError(f"{name}.account: positions must lie in 0..{accounts - 1}")


def _rows_of(frame: pd.DataFrame, place: IntArray) -> pd.DataFrame:
    new = place[frame["account"].to_numpy()]
    kept: pd.DataFrame = frame[new >= 0].assign(account=new[new >= 0])
    return kept.reset_index(drop=True)
