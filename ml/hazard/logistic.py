"""Ridge logistic: straight lines in each signal, none against its direction.

The signals are first cut into quantile steps, so that the fitted lines are tables like those of the boosted trees.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from ml.facts import BoolArray, FloatArray, IntArray
from ml.features import MONTHS
from ml.hazard.curve import hazard_of, log_survival
from ml.hazard.model import HazardModel, Shape
from ml.labels import Periods
from ml.signals import SIGNALS

_Bound = tuple[float | None, float | None]
STEPS, LIMIT = 32, 3.0
KNOTS = (1, 6)  # months ahead
RIDGE, HORIZON_RIDGE = 10.0, 0.1  # in churned accounts; that a renewal matters is not in doubt, its size is large


def fit_logistic(values: FloatArray, periods: Periods, churned_accounts: int, *, is_held: bool = True) -> HazardModel:
    """Fit the hazard's log-odds as a straight line in each signal's standardised quantile steps.

    A line has a weight of its own at each of the KNOTS of the months ahead, and between them runs straight in the log
    of the month: what was seen today says less about next spring, and some of it sooner than the rest. The ridge grows
    with how often each churned account appears, since its rows are no new evidence. `values` are the panel's rows, of
    which `periods` tells the months.
    """
    seen, row = np.unique(periods.row, return_inverse=True)
    steps = [_Steps(column) for column in values[seen].T]
    signals = np.column_stack([step.of(column) for step, column in zip(steps, values[seen].T, strict=True)])
    knots = _knots_until(int(periods.month.max()))
    rows = _Rows(signals, row, _at(knots, periods.month), _calendar(periods, signals[row, 2 * _TERM]), periods.churned)
    repeats = periods.churned.sum() / max(1, churned_accounts)
    penalty = np.append(np.full(len(knots) * signals.shape[1], RIDGE / len(knots)), _CALENDAR_RIDGE)
    held = _held_to_direction() if is_held else [(None, None)] * signals.shape[1]
    lines, calendar = rows.solve(repeats * penalty, [*held * len(knots), *[(None, None)] * len(_CALENDAR_RIDGE)])
    return _as_tables(steps, lines.T @ _at(knots, np.arange(1, MONTHS + 1)).T, calendar)


def _knots_until(furthest: int) -> IntArray:
    """Return KNOTS and the furthest month that training saw.

    Few accounts are seen so far: with a knot close by, nothing would hold its weight against the ridge.
    """
    return np.array([*(month for month in KNOTS if 2 * month <= furthest), furthest])


def _at(knots: IntArray, months: IntArray) -> FloatArray:
    """Return how much of each knot's weight counts in each month: [months, knots], rows that add up to 1."""
    place = np.log(months)
    return np.column_stack([np.interp(place, np.log(knots), each) for each in np.eye(len(knots))])


_CALENDAR_RIDGE = (HORIZON_RIDGE, HORIZON_RIDGE, HORIZON_RIDGE, 0.0)
_TERM = [signal.code for signal in SIGNALS].index("term")


class _Steps:
    """A signal cut at its quantiles; each step stands for the mean of its values, standardised and limited."""

    def __init__(self, column: FloatArray) -> None:
        known = column[~np.isnan(column)]
        self.is_ever_known = bool(len(known))
        self.thresholds = np.unique(np.quantile(known, np.linspace(0, 1, STEPS + 1)[1:-1])) if len(known) else known
        place = np.searchsorted(self.thresholds, known, side="left")
        number = np.bincount(place, minlength=len(self.thresholds) + 1)
        means = np.bincount(place, weights=known, minlength=len(number)) / np.maximum(number, 1)
        spread = float(known.std()) if len(known) else 0.0
        centred = (means - known.mean()) / spread if spread > 0 else np.zeros(len(number))
        empty = number == 0
        if empty.any() and not empty.all():
            centred[empty] = centred[np.flatnonzero(~empty)[-1]]
        self.levels = np.clip(centred, -LIMIT, LIMIT)

    def of(self, column: FloatArray) -> FloatArray:
        """Return two columns: the level (0 when unknown), and whether it is unknown (0 where all are)."""
        unknown = np.isnan(column)
        levels = self.levels[np.searchsorted(self.thresholds, column[~unknown], side="left")]
        pair = np.zeros((len(column), 2))
        pair[~unknown, 0] = levels
        pair[:, 1] = unknown & self.is_ever_known
        return pair


def _calendar(periods: Periods, term: FloatArray) -> FloatArray:
    """Return renewal, renewal × term, log month ahead and the constant: how the calendar alone moves the hazard."""
    renewal = periods.renewal.astype(float)
    return np.column_stack([renewal, renewal * term, np.log(periods.month), np.ones(len(periods))])


@dataclass(frozen=True)
class _Rows:
    """Signals [rows, signals] shared by all months of a row; knots [months, knots] and calendar [months, ...], the last
    column constant, of each month.

    The signals are never repeated by month: that is what makes the fit quick.
    """

    signals: FloatArray
    row: IntArray
    knots: FloatArray
    calendar: FloatArray
    churned: BoolArray

    def solve(self, penalty: FloatArray, bounds: list[_Bound]) -> tuple[FloatArray, FloatArray]:
        """Return the weights at the maximum of the penalised likelihood within the bounds: [knots, signals] of the
        signals, and of the calendar."""
        start = np.zeros(len(bounds))
        start[-1] = np.log(max(self.churned.mean(), 1e-6))

        def loss(weights: FloatArray) -> tuple[float, FloatArray]:
            value, slope = self._loss(*self._parted(weights))
            return value + 0.5 * float((penalty * weights**2).sum()), slope + penalty * weights

        options = {"maxiter": 1_000, "maxcor": 30, "ftol": 1e-11}
        return self._parted(minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B", options=options).x)

    def _parted(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        of_signals, of_calendar = np.split(weights, [self.knots.shape[1] * self.signals.shape[1]])
        return of_signals.reshape(self.knots.shape[1], -1), of_calendar

    def _loss(self, of_signals: FloatArray, of_calendar: FloatArray) -> tuple[float, FloatArray]:
        by_knot = (self.signals @ of_signals.T)[self.row]
        log_odds = np.einsum("mk,mk->m", by_knot, self.knots) + self.calendar @ of_calendar
        value = -log_survival(log_odds).sum() - log_odds[self.churned].sum()
        miss = hazard_of(log_odds) - self.churned
        by_row = [np.bincount(self.row, weights=miss * knot, minlength=len(self.signals)) for knot in self.knots.T]
        return float(value), np.append(np.array(by_row) @ self.signals, miss @ self.calendar)


def _held_to_direction() -> list[_Bound]:
    """Hold each signal's line to its direction; what an unknown value means is free."""
    held: list[_Bound] = []
    for signal in SIGNALS:
        line = (0.0 if signal.direction > 0 else None, 0.0 if signal.direction < 0 else None)
        held += [line, (None, None)]
    return held


def _as_tables(steps: list[_Steps], lines: FloatArray, calendar: FloatArray) -> HazardModel:
    """`lines` [2 × signals, MONTHS]: of each signal its line's weight in each month, and what it adds when unknown."""
    renewal, renewal_term, month, constant = calendar
    base = np.full((2, MONTHS), constant) + month * np.log(np.arange(1, MONTHS + 1))
    base[1] += renewal
    shapes = [
        _line(signal.code, step, *lines[2 * place : 2 * place + 2])
        for place, (signal, step) in enumerate(zip(SIGNALS, steps, strict=True))
    ]
    shapes[_TERM].table[:-1, 1] += (renewal_term * steps[_TERM].levels)[:, None]
    return HazardModel("logistic", base, tuple(shapes))


def _line(code: str, step: _Steps, weight: FloatArray, when_unknown: FloatArray) -> Shape:
    table = np.concatenate([np.outer(step.levels, weight), when_unknown[None]])[:, None, :]
    return Shape(code, step.thresholds, np.repeat(table, 2, axis=1))
