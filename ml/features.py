"""What the models read: every signal of every paying account at the end of a day, and its renewals to come."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from ml.facts import BoolArray, DayArray, Facts, FloatArray, IntArray
from ml.lives import days, leaving_on
from ml.signals import SIGNALS
from ml.signals.view import View, days_between

MONTHS = 12
EDGES: IntArray = np.round(np.arange(MONTHS + 1) * 365 / 12).astype(np.int64)
"""Future month k is the days EDGES[k-1] + 1 .. EDGES[k] after the landmark: a twelfth of a year each."""


@dataclass(frozen=True)
class Snapshot:
    """A book on a day. Frames are indexed by account position and hold one column a signal; n = paying accounts."""

    as_of: date
    values: pd.DataFrame
    before: pd.DataFrame
    flags: BoolArray  # [n, MONTHS]: a renewal falls in the month
    arr: FloatArray  # [n]
    days_to_renewal: FloatArray  # [n], NaN when no renewal is known
    leaving_on: DayArray  # [n], NaT unless notice was given


def snapshot_as_of(facts: Facts, as_of: date, elapsed: float = 1.0) -> Snapshot:
    """Measure every account with ARR > 0 when a share of `as_of`, or all of it, is over, from what was known then."""
    view = View(facts, as_of, elapsed)
    measured = [(signal.code, *signal.measure(view)) for signal in SIGNALS]
    values = pd.DataFrame({code: value for code, value, _ in measured}, index=view.rows)
    before = pd.DataFrame({code: figure for code, _, figure in measured}, index=view.rows)
    leaving = leaving_on(facts, view.day)[view.rows]
    return Snapshot(as_of, values, before, _flags(view, MONTHS), view.arr, _days_to_renewal(view), leaving)


def features_as_of(facts: Facts, as_of: date) -> pd.DataFrame:
    """Return one row per account with ARR > 0 at the end of `as_of` (index: position), one column a signal."""
    return snapshot_as_of(facts, as_of).values


def renewal_flags(facts: Facts, as_of: date, months: int = MONTHS) -> BoolArray:
    """Tell in which future months a renewal falls, as contracted and known: [paying accounts, months]."""
    return _flags(View(facts, as_of), months)


def add_months(day: DayArray, months: IntArray | int) -> DayArray:
    """Return the same day of a later month, or that month's last day; NaT stays NaT."""
    month = day.astype("datetime64[M]")
    later = month + months
    end = (later + 1).astype("datetime64[D]") - 1
    moved: DayArray = np.minimum(later.astype("datetime64[D]") + (day - month.astype("datetime64[D]")), end)
    return moved


def _flags(view: View, months: int) -> BoolArray:
    contracts = view.contracts
    account, term = contracts["account"].to_numpy(), _term(contracts)
    renewal = _next_renewal(contracts, view.day)
    flags = np.zeros((len(view.facts), months), dtype=bool)
    flags[account[term == 1]] = True  # a month of 31 days must not skip a twelfth of a year
    edges = np.round(np.arange(months + 1) * 365 / 12)
    for _ in range(months):
        ahead = days_between(np.full(len(renewal), view.day), renewal)
        due = ahead <= edges[-1]
        flags[account[due], np.searchsorted(edges, ahead[due]) - 1] = True
        renewal = np.where(due & (term > 0), add_months(renewal, term), np.datetime64("NaT", "D"))
    return flags[view.rows]


def _days_to_renewal(view: View) -> FloatArray:
    ahead = days_between(np.full(len(view.contracts), view.day), _next_renewal(view.contracts, view.day))
    nearest = np.full(len(view.facts), np.inf)
    np.minimum.at(nearest, view.contracts["account"].to_numpy(), np.where(np.isnan(ahead), np.inf, ahead))
    return np.where(np.isinf(nearest), np.nan, nearest)[view.rows]


def _next_renewal(contracts: pd.DataFrame, day: np.datetime64) -> DayArray:
    """Return each row's first renewal after `day`: a contract that ran past its renewal goes on by its term."""
    term, renewal = _term(contracts), days(contracts["renews_on"])
    from_start = np.where(term > 0, add_months(days(contracts["started_on"]), term), np.datetime64("NaT", "D"))
    renewal = np.where(np.isnat(renewal), from_start, renewal)
    passed = (renewal <= day) & (term > 0)
    behind = (day.astype("datetime64[M]") - renewal.astype("datetime64[M]")).astype(np.int64)
    terms = np.where(passed, behind // np.maximum(term, 1), 0)
    renewal = np.where(passed, add_months(renewal, terms * term), renewal)
    renewal = np.where(passed & (renewal <= day), add_months(renewal, term), renewal)
    return np.where(renewal > day, renewal, np.datetime64("NaT", "D"))


def _term(contracts: pd.DataFrame) -> IntArray:
    """Return the term in whole months, 0 = unknown."""
    months: IntArray = np.nan_to_num(contracts["term_months"].to_numpy(float), nan=0.0).astype(np.int64)
    return months
