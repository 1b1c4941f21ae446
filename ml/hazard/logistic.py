"""Ridge logistic for small books: straight lines in each signal, none against its direction.

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
RIDGE, HORIZON_RIDGE = 10.0, 0.1  # in churned accounts; that a renewal matters is not in doubt, its size is large


def fit_logistic(values: FloatArray, periods: Periods, churned_accounts: int, *, is_held: bool = True) -> HazardModel:
    """Fit the hazard's log-odds as a straight line in each signal's standardised quantile steps.

    Then one more pass lets all lines fade together with the months ahead: what was seen today says less about next
    spring. The ridge grows with how often each churned account appears, since its rows are no new evidence.
    `values` are the panel's rows, of which `periods` tells the months.
    """
    seen, row = np.unique(periods.row, return_inverse=True)
    steps = [_Steps(column) for column in values[seen].T]
    signals = np.column_stack([step.of(column) for step, column in zip(steps, values[seen].T, strict=True)])
    calendar, log_month = _calendar(periods, signals[row, 2 * _TERM]), np.log(periods.month)
    repeats = periods.churned.sum() / max(1, churned_accounts)
    penalty = np.append(np.full(signals.shape[1], RIDGE), _CALENDAR_RIDGE)
    rows = _Rows(signals, row, calendar, periods.churned)
    held = _held_to_direction() if is_held else [(None, None)] * signals.shape[1]
    lines = rows.solve(repeats * penalty, [*held, *[(None, None)] * 4])[: signals.shape[1]]
    together, centre = signals @ lines, log_month[periods.churned].mean()
    fading = np.column_stack([together[row] * (log_month - centre), calendar])
    rows = _Rows(together[:, None], row, fading, periods.churned)
    # To scale the lines again, too, would undo their ridge: their weight is held at 1.
    penalty = np.append([0.0, RIDGE], _CALENDAR_RIDGE)
    _, fade, *weights = rows.solve(repeats * penalty, [(1.0, 1.0), *[(None, None)] * 5])
    by_month = np.maximum(1 + fade * (np.log(np.arange(1, MONTHS + 1)) - centre), 0.0)
    return _as_tables(steps, lines, by_month, np.array(weights))


_CALENDAR_RIDGE = (HORIZON_RIDGE, HORIZON_RIDGE, HORIZON_RIDGE, 0.0)
_TERM = [signal.code for signal in SIGNALS].index("term")


class _Steps:
    """A signal cut at its quantiles; each step stands for the mean of its values, standardised and limited."""

    def __init__(self, column: FloatArray) -> None:
        known = column[~np.isnan(column)]
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
        """Return two columns: the level (0 when unknown) and whether it is unknown."""
        unknown = np.isnan(column)
        levels = self.levels[np.searchsorted(self.thresholds, column[~unknown], side="left")]
        pair = np.zeros((len(column), 2))
        pair[~unknown, 0] = levels
        pair[:, 1] = unknown
        return pair


def _calendar(periods: Periods, term: FloatArray) -> FloatArray:
    """Return renewal, renewal × term, log month ahead and the constant: how the calendar alone moves the hazard."""
    renewal = periods.renewal.astype(float)
    return np.column_stack([renewal, renewal * term, np.log(periods.month), np.ones(len(periods))])


@dataclass(frozen=True)
class _Rows:
    """Signals [rows, ...] shared by all months of a row, and columns of each month: [months, ...], the last constant.

    The signals are never repeated by month: that is what makes the fit quick.
    """

    signals: FloatArray
    row: IntArray
    by_month: FloatArray
    churned: BoolArray

    def solve(self, penalty: FloatArray, bounds: list[_Bound]) -> FloatArray:
        """Return the weights at the maximum of the penalised likelihood within the bounds."""
        start = np.zeros(len(bounds))
        start[-1] = np.log(max(self.churned.mean(), 1e-6))

        def loss(weights: FloatArray) -> tuple[float, FloatArray]:
            value, slope = self._loss(weights)
            return value + 0.5 * float((penalty * weights**2).sum()), slope + penalty * weights

        options = {"maxiter": 300}
        found: FloatArray = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B", options=options).x
        return found

    def _loss(self, weights: FloatArray) -> tuple[float, FloatArray]:
        of_row, of_month = np.split(weights, [self.signals.shape[1]])
        log_odds = (self.signals @ of_row)[self.row] + self.by_month @ of_month
        value = -log_survival(log_odds).sum() - log_odds[self.churned].sum()
        miss = hazard_of(log_odds) - self.churned
        by_row = np.bincount(self.row, weights=miss, minlength=len(self.signals))
        return float(value), np.concatenate([by_row @ self.signals, miss @ self.by_month])


def _held_to_direction() -> list[_Bound]:
    """Hold each signal's line to its direction; what an unknown value means is free."""
    held: list[_Bound] = []
    for signal in SIGNALS:
        line = (0.0 if signal.direction > 0 else None, 0.0 if signal.direction < 0 else None)
        held += [line, (None, None)]
    return held


def _as_tables(steps: list[_Steps], lines: FloatArray, by_month: FloatArray, weights: FloatArray) -> HazardModel:
    renewal, renewal_term, month, constant = weights
    base = np.full((2, MONTHS), constant) + month * np.log(np.arange(1, MONTHS + 1))
    base[1] += renewal
    shapes = [
        _line(signal.code, step, lines[2 * place], lines[2 * place + 1], by_month)
        for place, (signal, step) in enumerate(zip(SIGNALS, steps, strict=True))
    ]
    shapes[_TERM].table[:-1, 1] += (renewal_term * steps[_TERM].levels)[:, None]
    return HazardModel("logistic", base, tuple(shapes))


def _line(code: str, step: _Steps, weight: float, when_unknown: float, by_month: FloatArray) -> Shape:
    rows = np.append(weight * step.levels, when_unknown)
    table = rows[:, None, None] * by_month[None, None, :]
    return Shape(code, step.thresholds, np.repeat(table, 2, axis=1))
