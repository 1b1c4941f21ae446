"""Ridge logistic for small books: straight lines in each signal, none against its direction.

The signals are first cut into quantile steps, so that the fitted lines are tables like those of the boosted trees.
"""

import numpy as np
from scipy.optimize import minimize

from ml.facts import BoolArray, FloatArray
from ml.features import MONTHS
from ml.hazard.curve import hazard_of
from ml.hazard.model import HazardModel, Shape
from ml.signals import SIGNALS

_Bound = tuple[float | None, float | None]
STEPS, LIMIT = 32, 3.0
RIDGE, HORIZON_RIDGE = 10.0, 0.1  # in churned accounts; that a renewal matters is not in doubt, its size is large


def fit_logistic(values: FloatArray, horizon: FloatArray, churned: BoolArray, churned_accounts: int) -> HazardModel:
    """Fit the hazard's log-odds as a straight line in each signal's standardised quantile steps.

    Then one more pass lets all lines fade together with the months ahead: what was seen today says less about next
    spring. The ridge grows with how often each churned account appears, since its rows are no new evidence.
    """
    steps = [_Steps(column) for column in values.T]
    signals = np.column_stack([step.of(column) for step, column in zip(steps, values.T, strict=True)])
    calendar = _horizon_columns(horizon, signals[:, 2 * _TERM])
    repeats = churned.sum() / max(1, churned_accounts)
    penalty = repeats * np.append(np.full(signals.shape[1], RIDGE), _CALENDAR_RIDGE)
    lines = _solve(np.column_stack([signals, calendar]), churned, penalty, _bounds())[: signals.shape[1]]
    together, log_month = signals @ lines, np.log(horizon[:, 0])
    centre = log_month[churned].mean()
    fading = np.column_stack([together, together * (log_month - centre), calendar])
    penalty = repeats * np.append([0.0, RIDGE], _CALENDAR_RIDGE)
    as_they_are: list[_Bound] = [(1.0, 1.0)]  # to scale the lines again would undo their ridge
    _, fade, *weights = _solve(fading, churned, penalty, as_they_are + [(None, None)] * 5)
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


def _horizon_columns(horizon: FloatArray, term: FloatArray) -> FloatArray:
    """Return renewal, renewal × term, log month ahead and the constant: how the calendar alone moves the hazard."""
    month, renewal = horizon.T
    return np.column_stack([renewal, renewal * term, np.log(month), np.ones(len(month))])


def _solve(design: FloatArray, churned: BoolArray, penalty: FloatArray, bounds: list[_Bound]) -> FloatArray:
    """Return the weights of the penalised likelihood's maximum within the bounds; the last column is constant."""

    def loss(weights: FloatArray) -> tuple[float, FloatArray]:
        log_odds = design @ weights
        value = np.logaddexp(0.0, log_odds).sum() - log_odds[churned].sum() + 0.5 * (penalty * weights**2).sum()
        return float(value), design.T @ (hazard_of(log_odds) - churned) + penalty * weights

    start = np.zeros(design.shape[1])
    start[-1] = np.log(max(churned.mean(), 1e-6))
    found: FloatArray = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B", options={"maxiter": 300}).x
    return found


def _bounds() -> list[_Bound]:
    """Hold each signal's line to its direction; what an unknown value means, and the calendar, are free."""
    held: list[_Bound] = []
    for signal in SIGNALS:
        line = (0.0 if signal.direction > 0 else None, 0.0 if signal.direction < 0 else None)
        held += [line, (None, None)]
    return held + [(None, None)] * len(_CALENDAR_RIDGE)


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
