"""What models learn from: accounts at monthly landmarks, and in which later month each churned.

Right-censored at the end of the data: a month counts only when all of it has been observed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from typing import Self

import numpy as np

from ml.facts import BoolArray, DayArray, Facts, FloatArray, IntArray
from ml.features import EDGES, MONTHS, Snapshot, snapshot_as_of
from ml.lives import days, lives_as_known
from ml.signals import SIGNALS
from ml.signals.view import days_between

HORIZON = 90
"""Days within which a churn is foretold so that somebody can act."""

LONG_HISTORY, WARM_UP, SHORT_WARM_UP = 365, 118, 56
TREATMENT_DAYS = 180


@dataclass(frozen=True)
class Panel:
    """Rows of account × landmark. Everything but `leaves_in` and `seen_for` was known at the landmark.

    `leaves_in` is days from the landmark to the churn (NaN: none seen). `seen_for` is how many days after the
    landmark the row may be learnt from: to the end of the data, or to the first day a playbook treated the account.
    """

    account: IntArray
    landmark: DayArray
    values: FloatArray  # [rows, signals]
    flags: BoolArray  # [rows, MONTHS]
    arr: FloatArray
    days_to_renewal: FloatArray
    leaves_in: FloatArray
    seen_for: FloatArray

    def __len__(self) -> int:
        return len(self.account)

    def rows(self, chosen: BoolArray | IntArray) -> Self:
        """Return some of the rows."""
        return replace(self, **{field.name: getattr(self, field.name)[chosen] for field in fields(self)})

    def churned_within(self, horizon: int) -> FloatArray:
        """Return 1.0 or 0.0 for churned within `horizon` days, NaN where the row was not observed so long."""
        label = (self.leaves_in <= horizon).astype(float)
        return np.where(self.seen_for >= horizon, label, np.nan)


@dataclass(frozen=True)
class Periods:
    """Person-period rows: `row` of the panel, future `month` 1..12, and whether the account churned in it."""

    row: IntArray
    month: IntArray
    renewal: BoolArray
    churned: BoolArray

    def __len__(self) -> int:
        return len(self.row)


def landmarks_before(first_day: date, as_of: date) -> list[date]:
    """Return monthly landmarks from one month before `as_of` back to where signals have enough history."""
    history = (as_of - first_day).days
    warm_up = WARM_UP if history >= LONG_HISTORY else SHORT_WARM_UP
    ago = np.round(np.arange(1, history // 30 + 1) * 365 / 12).astype(int)
    return [as_of - timedelta(days=int(gap)) for gap in ago[::-1] if history - gap >= warm_up]


def panel_of(facts: Facts, as_of: date, landmarks: Sequence[date]) -> Panel:
    """Return rows for every account paying at each landmark, labelled with what was known at the end of `as_of`.

    Accounts that had given notice, or had already gone without it being recorded, are left out.
    """
    parts = [_rows_at(facts, as_of, snapshot_as_of(facts, landmark)) for landmark in landmarks]
    if not parts:
        return _no_rows()
    return Panel(
        **{field.name: np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Panel)}
    )


def periods_of(panel: Panel, until: date | None = None) -> Periods:
    """Return account × landmark × month: churned in the month, given alive before it.

    With `until`, only months that were over by then: the purge of a temporal split.
    """
    seen = panel.seen_for
    if until is not None:
        seen = np.minimum(seen, days_between(panel.landmark, np.datetime64(until, "D")))
    leaves = np.nan_to_num(panel.leaves_in, nan=np.inf)[:, None]
    row, column = np.nonzero((EDGES[1:] <= seen[:, None]) & (leaves > EDGES[:-1]))
    churned = leaves[row, 0] <= EDGES[column + 1]
    return Periods(row, column + 1, panel.flags[row, column], churned)


def known_labels(panel: Panel, horizon: int, until: date | None = None) -> tuple[BoolArray, FloatArray]:
    """Return which rows had their whole horizon behind them by `until`, and the labels of all rows."""
    label = panel.churned_within(horizon)
    over = ~np.isnan(label)
    if until is not None:
        over &= days_between(panel.landmark, np.datetime64(until, "D")) >= horizon
    return over, label


def churns_in(panel: Panel, periods: Periods) -> int:
    """Return how many different accounts churn in the rows."""
    return len(np.unique(panel.account[periods.row[periods.churned]]))


def _rows_at(facts: Facts, as_of: date, book: Snapshot) -> Panel:
    day, end = np.datetime64(book.as_of, "D"), np.datetime64(as_of, "D")
    account = book.values.index.to_numpy(np.int64)
    leaves_in = days_between(np.full(len(account), day), _end_of_life(facts, day, end)[account])
    stays = np.isnat(book.leaving_on) & ~(leaves_in <= 0)
    panel = Panel(
        account,
        np.full(len(account), day),
        book.values.to_numpy(float),
        book.flags,
        book.arr,
        book.days_to_renewal,
        leaves_in,
        np.minimum(float((end - day).astype(int)), _untreated_for(facts, day)[account]),
    )
    return panel.rows(stays)


def _end_of_life(facts: Facts, day: np.datetime64, end: np.datetime64) -> DayArray:
    """Return when the life that each account led on `day` ended, as known on `end`: [accounts]."""
    lives = lives_as_known(facts.subscriptions, end)
    begun = lives.started_on <= day
    ended = np.full(len(facts), np.datetime64("NaT", "D"))
    ended[lives.account[begun]] = lives.ended_on[begun]  # the last life begun by then wins
    return ended


def _untreated_for(facts: Facts, day: np.datetime64) -> FloatArray:
    """Return days from `day` to the account's first treatment not yet worn off, inf without one: [accounts]."""
    treated = facts.treated
    ahead = -days_between(days(treated["from_on"]), day)
    counts = ahead > -TREATMENT_DAYS
    untreated = np.full(len(facts), np.inf)
    np.minimum.at(untreated, treated["account"].to_numpy(np.int64)[counts], np.maximum(ahead[counts], 0))
    return untreated


def _no_rows() -> Panel:
    none = np.empty(0)
    whole, day = none.astype(np.int64), none.astype("datetime64[D]")
    flags = np.empty((0, MONTHS), dtype=bool)
    return Panel(whole, day, np.empty((0, len(SIGNALS))), flags, none, none, none, none)
