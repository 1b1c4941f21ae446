"""A book of accounts as it was known at the end of one day: the only thing a signal may look at."""

from datetime import date
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.facts import BoolArray, DayArray, Facts, FloatArray, IntArray
from ml.knowing import people_as_known, rows_as_known, usage_as_known
from ml.lives import arr_on, current_lives, days, is_running

LOOK_BACK = 365  # no signal looks further back than this many days
ERRORS = "errors"


class View:
    """Arrays asked of a view hold one entry per account that paid at the end of `as_of`, in order of position.

    `elapsed`: the share of `as_of` that is over. Windows of usage then begin and end at that hour: else a day that has
    just begun would look like one on which little was used.
    """

    def __init__(self, facts: Facts, as_of: date, elapsed: float = 1.0) -> None:
        self.facts, self.ahead = facts, 1.0 - elapsed
        self.day = np.datetime64(as_of, "D")
        arr = arr_on(facts, self.day)
        self.rows: IntArray = np.flatnonzero(arr > 0)
        self.arr: FloatArray = arr[self.rows]
        self._used: dict[tuple[int, int], FloatArray] = {}
        self._active: dict[tuple[int, int], tuple[FloatArray, FloatArray]] = {}

    # --- the account -------------------------------------------------------------------------------------------

    def unknown(self) -> FloatArray:
        return np.full(len(self.rows), np.nan)

    @cached_property
    def tenure(self) -> FloatArray:
        """Days since the current life began."""
        started, _ = current_lives(self.facts, self.day)
        return days_between(started[self.rows], self.day)

    @cached_property
    def subscriptions(self) -> pd.DataFrame:
        """All subscription rows as known on the day."""
        return rows_as_known(self.facts, "subscriptions", self.day)

    @cached_property
    def contracts(self) -> pd.DataFrame:
        """The subscription rows that ran at the end of the day."""
        return self.subscriptions[is_running(self.subscriptions, self.day)]

    @cached_property
    def contacts(self) -> pd.DataFrame:
        """The people of the accounts as known on the day."""
        return rows_as_known(self.facts, "contacts", self.day)

    def total(self, account: pd.Series, weights: pd.Series | FloatArray | None = None) -> FloatArray:
        """Add up weights (or count rows) by account."""
        return np.bincount(account, weights=weights, minlength=len(self.facts))[self.rows].astype(float)

    def mean(self, account: pd.Series, values: pd.Series) -> tuple[FloatArray, FloatArray]:
        """Return the mean of the known values by account, NaN without one, and how many there were."""
        known = values.notna().to_numpy()
        number = self.total(account[known])
        added = self.total(account[known], values[known])
        return np.divide(added, number, out=self.unknown(), where=number > 0), number

    def latest(self, account: pd.Series, happened: pd.Series) -> FloatArray:
        """Return the days since the latest of each account's rows, NaN without one."""
        last = np.full(len(self.facts), np.iinfo(np.int64).min)
        np.maximum.at(last, account.to_numpy(), days(happened).astype(np.int64))
        last = last[self.rows]
        return np.where(last > np.iinfo(np.int64).min, self.day.astype(np.int64) - last, np.nan)

    # --- usage -------------------------------------------------------------------------------------------------

    @cached_property
    def usage(self) -> npt.NDArray[np.float32]:
        """Daily usage as known on the day: [accounts, meters, days], all accounts."""
        return usage_as_known(self.facts, self.day)

    @cached_property
    def is_error(self) -> BoolArray:
        return np.array([meter == ERRORS for meter in self.facts.meters], dtype=bool)

    def has_usage(self, last: int, ago: int = 0) -> bool:
        """Tell whether daily usage is on record for the whole window of `last` days that ended `ago` days ago."""
        end = self._usage_day(ago)
        return bool(last + (self.ahead > 0) <= end <= self.facts.usage.shape[2])

    def used(self, last: int, ago: int = 0) -> FloatArray:
        """Return usage in the window by meter, [rows, meters]; NaN when the window is not on record."""
        if (last, ago) not in self._used:
            self._used[last, ago] = self._sum_usage(last, ago)
        return self._used[last, ago]

    def uses(self, last: int, ago: int = 0) -> FloatArray:
        """Return usage in the window over all meters but errors: [rows]."""
        total: FloatArray = self.used(last, ago)[:, ~self.is_error].sum(axis=1)
        return total

    @cached_property
    def recent_use(self) -> BoolArray:
        """Tell on which of the last (up to) `LOOK_BACK` days each account was used: [rows, days], newest last."""
        end = self._usage_day(0)
        window = self.usage[:, :, max(0, end - LOOK_BACK) : max(0, end)]
        seen = np.zeros((len(self.facts), window.shape[2]), dtype=bool)
        for meter in np.flatnonzero(~self.is_error):
            seen |= window[:, meter] > 0
        return seen[self.rows]

    def _usage_day(self, ago: int) -> int:
        return int((self.day - np.datetime64(self.facts.first_day, "D")).astype(int)) + 1 - ago

    def _sum_usage(self, last: int, ago: int) -> FloatArray:
        if not self.has_usage(last, ago):
            return np.full((len(self.rows), len(self.facts.meters)), np.nan)
        end = self._usage_day(ago)
        total: FloatArray = self.usage[:, :, end - last : end].sum(axis=2)[self.rows].astype(float)
        if self.ahead:
            total += self.ahead * self.usage[self.rows, :, end - last - 1]
            total -= self.ahead * self.usage[self.rows, :, end - 1] * (ago > 0)  # of `as_of` it has not come yet
        return total

    # --- people ------------------------------------------------------------------------------------------------

    @cached_property
    def people(self) -> pd.DataFrame:
        """The months of people as known on the day."""
        return people_as_known(self.facts, self.day)

    def active_people(self, last: int, ago: int = 0) -> tuple[FloatArray, FloatArray]:
        """Return distinct people active in the window and their active days added up; NaN when not on record."""
        if (last, ago) not in self._active:
            self._active[last, ago] = self._count_people(last, ago)
        return self._active[last, ago]

    def _count_people(self, last: int, ago: int) -> tuple[FloatArray, FloatArray]:
        people = self.people
        first, end = self.day - ago - last + 1, self.day - ago
        if not len(people) or people["month"].min() > _month(first):
            return self.unknown(), self.unknown()
        months = range(_month(first), _month(end) + 1)
        parts = [self._active_in(month, first, end) for month in months]
        account, user, active = (np.concatenate(column) for column in zip(*parts, strict=True))
        person_days = np.bincount(account, weights=active, minlength=len(self.facts))[self.rows].astype(float)
        users = np.int64(user.max(initial=0)) + 1
        distinct = np.bincount(pd.unique(account * users + user) // users, minlength=len(self.facts))
        return distinct[self.rows].astype(float), person_days

    def _active_in(self, month: int, first: np.datetime64, end: np.datetime64) -> tuple[IntArray, IntArray, IntArray]:
        people = self.people
        of_month = people[people["month"].to_numpy() == month]
        bits = of_month["days"].to_numpy(np.int64) & _mask(month, first, end)
        seen = bits != 0
        account, user = of_month["account"].to_numpy(np.int64)[seen], of_month["user"].to_numpy(np.int64)[seen]
        return account, user, np.bitwise_count(bits[seen]).astype(np.int64)

    # --- conversations -----------------------------------------------------------------------------------------

    @cached_property
    def interactions(self) -> pd.DataFrame:
        """Interactions that happened and were known by the day, no older than `LOOK_BACK` days."""
        talk = rows_as_known(self.facts, "interactions", self.day)
        happened, known = days(talk["happened_on"]), days(talk["known_on"])
        return talk[(happened <= self.day) & (known <= self.day) & (happened > self.day - LOOK_BACK)]

    @cached_property
    def tickets(self) -> pd.DataFrame:
        return self.interactions[(self.interactions["channel"] == "ticket").to_numpy()]

    def has_heard(self, talk: pd.DataFrame, last: int) -> bool:
        """Tell whether a source has spoken about anybody since the window began: silence is then a fact."""
        return bool(len(talk)) and bool((days(talk["happened_on"]) <= self.day - last + 1).any())

    def within(self, happened: pd.Series, last: int, ago: int = 0) -> BoolArray:
        """Tell which days lie in the window of `last` days that ended `ago` days ago."""
        when = days(happened)
        inside: BoolArray = (when <= self.day - ago) & (when > self.day - ago - last)
        return inside


def days_between(earlier: DayArray, later: np.datetime64 | DayArray) -> FloatArray:
    """Return whole days as floats, NaN where either day is unknown."""
    gap = later - earlier
    return np.where(np.isnat(gap), np.nan, gap.astype("timedelta64[D]").astype(float))


def _month(day: np.datetime64) -> int:
    return int(day.astype("datetime64[M]").astype(int)) + 1970 * 12


def _mask(month: int, first: np.datetime64, end: np.datetime64) -> np.int64:
    """Return the bits of a month's days that lie within first..end, both included."""
    begin = np.datetime64(month - 1970 * 12, "M").astype("datetime64[D]")
    low = max(0, int((first - begin).astype(int)))
    high = min(30, int((end - begin).astype(int)))
    return np.int64(((1 << (high + 1)) - 1) & ~((1 << low) - 1))
