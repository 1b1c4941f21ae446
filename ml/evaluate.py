"""How good a set of risks was, with intervals from a bootstrap that draws whole accounts.

Every measure takes `weights` [draws, rows] and returns [draws]: the plain figure is the draw in which every weight
is 1, so the figure and its interval come from the same lines.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any, Self

import numpy as np

from ml.facts import BoolArray, DayArray, FloatArray, IntArray
from ml.hazard.curve import hazard_of

DRAWS, DRAWS_AT_ONCE = 300, 2_000_000  # the second in weights, so that memory stays bounded
PLENTY = 1_500_000  # row × draw pairs after which a bootstrap has said enough
BINS = 10
NEWTON_ROUNDS, CLOSE = 12, 1e-7


@dataclass(frozen=True)
class Outcomes:
    """Risks given to accounts at landmarks, and what happened within the horizon."""

    risk: FloatArray
    churned: FloatArray  # 1.0 or 0.0
    account: IntArray
    landmark: DayArray
    arr: FloatArray

    def __len__(self) -> int:
        return len(self.risk)

    def rows(self, chosen: BoolArray) -> Self:
        return replace(self, **{field.name: getattr(self, field.name)[chosen] for field in fields(self)})

    def with_risk(self, risk: FloatArray) -> Self:
        return replace(self, risk=risk)

    @property
    def churned_accounts(self) -> int:
        return len(np.unique(self.account[self.churned > 0]))


Measure = Callable[[Outcomes, FloatArray], FloatArray]


def roc_auc(outcomes: Outcomes, weights: FloatArray) -> FloatArray:
    """Return the chance that a churned account was ranked above one that stayed, ties counting half."""
    churned, stayed = _by_rank(outcomes, weights)
    below = np.cumsum(stayed, axis=1) - stayed / 2
    return _divide((churned * below).sum(axis=1), churned.sum(axis=1) * stayed.sum(axis=1))


def pr_auc(outcomes: Outcomes, weights: FloatArray) -> FloatArray:
    """Return average precision: the area under precision over recall."""
    churned, stayed = (part[:, ::-1] for part in _by_rank(outcomes, weights))
    found = np.cumsum(churned, axis=1)
    precision = _divide(found, found + np.cumsum(stayed, axis=1))
    return _divide((churned * precision).sum(axis=1), churned.sum(axis=1))


def brier(outcomes: Outcomes, weights: FloatArray) -> FloatArray:
    return _mean((outcomes.risk - outcomes.churned) ** 2, weights)


def brier_skill(outcomes: Outcomes, weights: FloatArray) -> FloatArray:
    """Return 1 - Brier / (base × (1 - base)), the base rate being that of the same rows: above 0 has skill."""
    base = _mean(outcomes.churned, weights)
    return 1 - _divide(brier(outcomes, weights), base * (1 - base))


def log_loss(outcomes: Outcomes, weights: FloatArray) -> FloatArray:
    risk = np.clip(outcomes.risk, 1e-9, 1 - 1e-9)
    return _mean(-np.where(outcomes.churned > 0, np.log(risk), np.log1p(-risk)), weights)


def calibration_slope(outcomes: Outcomes, weights: FloatArray) -> FloatArray:
    """Return the slope of churned on the risk's log-odds; below 1 the risks are too extreme."""
    return _recalibration(outcomes, weights)[1]


def calibration_intercept(outcomes: Outcomes, weights: FloatArray) -> FloatArray:
    """Return calibration in the large: the log-odds to add so that risks and churns agree in number."""
    log_odds = _log_odds(outcomes.risk)
    shift = np.zeros(len(weights))
    for _ in range(NEWTON_ROUNDS):
        chance = hazard_of(log_odds + shift[:, None])
        miss, curve = (weights * (outcomes.churned - chance)).sum(axis=1), (weights * chance * (1 - chance)).sum(axis=1)
        step = _divide(miss, curve)
        shift = np.clip(shift + step, -20, 20)
        if not (np.abs(step) > CLOSE).any():
            break
    return shift


def calibration_error(outcomes: Outcomes, weights: FloatArray) -> FloatArray:
    """Return ECE: the mean distance of risk and churn over bins of equally many rows."""
    place = _bins(outcomes.risk)
    gaps = [
        np.abs((weights[:, place == part] * (outcomes.risk - outcomes.churned)[place == part]).sum(axis=1))
        for part in range(BINS)
    ]
    return _divide(np.sum(gaps, axis=0), weights.sum(axis=1))


def left_to_expected(outcomes: Outcomes, weights: FloatArray) -> FloatArray:
    """Return how many left for each that was expected to: 1 is right, 0.8 says the risks are a quarter too high."""
    return _divide(weights @ outcomes.churned, weights @ outcomes.risk)


def top_decile_lift(outcomes: Outcomes, weights: FloatArray) -> FloatArray:
    """Return the churn rate of the riskiest tenth over that of all; ties share the border evenly."""
    churned, stayed = (part[:, ::-1] for part in _by_rank(outcomes, weights))
    found, looked = np.cumsum(churned, axis=1), np.cumsum(churned + stayed, axis=1)
    in_tenth = [
        np.interp(0.1 * at[-1], np.append(0, at), np.append(0, of)) for at, of in zip(looked, found, strict=True)
    ]
    return _divide(10 * np.array(in_tenth), found[:, -1])


def arr_captured(capacity: int) -> Measure:
    """Return the measure: of the ARR that churned, the share among each landmark's top `capacity` by risk × ARR."""

    def measure(outcomes: Outcomes, weights: FloatArray) -> FloatArray:
        lost = outcomes.arr * outcomes.churned
        seen = top_by_landmark(outcomes, capacity)
        return _divide((weights * (lost * seen)).sum(axis=1), (weights * lost).sum(axis=1))

    return measure


def top_by_landmark(outcomes: Outcomes, capacity: int) -> BoolArray:
    """Tell which rows are among the `capacity` largest risk × ARR of their landmark."""
    order = np.lexsort((-outcomes.risk * outcomes.arr, outcomes.landmark))
    _, first, place = np.unique(outcomes.landmark[order], return_index=True, return_inverse=True)
    top = np.empty(len(outcomes), dtype=bool)
    top[order] = np.arange(len(outcomes)) - first[place] < capacity
    return top


MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        "roc_auc": roc_auc,
        "pr_auc": pr_auc,
        "brier": brier,
        "brier_skill": brier_skill,
        "log_loss": log_loss,
        "calibration_slope": calibration_slope,
        "calibration_intercept": calibration_intercept,
        "calibration_error": calibration_error,
        "left_to_expected": left_to_expected,
        "top_decile_lift": top_decile_lift,
    }
)


def evaluate(outcomes: Outcomes, seed: int, capacity: int = 50) -> dict[str, Any]:
    """Return every measure as {"value", "low", "high"} (95 % interval by account), with counts and bins. JSON-able."""
    measures = {**MEASURES, "arr_captured": arr_captured(capacity)}
    drawn = draws_of(outcomes, tuple(measures.values()), seed)
    one = np.ones((1, len(outcomes)))
    found = {
        name: {"value": number(measure(outcomes, one)[0]), **_interval(drawn[place])}
        for place, (name, measure) in enumerate(measures.items())
    }
    counts = {"rows": len(outcomes), "accounts": len(np.unique(outcomes.account))}
    churns = {"churned_rows": int(outcomes.churned.sum()), "churned_accounts": outcomes.churned_accounts}
    return {**counts, **churns, "measures": found, "bins": calibration_bins(outcomes)}


def calibration_bins(outcomes: Outcomes) -> list[dict[str, float | int | None]]:
    """Return mean risk, churn rate and count of up to ten bins of equally many rows."""
    place = _bins(outcomes.risk)
    return [
        {
            "rows": int((place == part).sum()),
            "risk": number(outcomes.risk[place == part].mean()),
            "churned": number(outcomes.churned[place == part].mean()),
        }
        for part in np.unique(place)
    ]


def draws_of(outcomes: Outcomes, measures: tuple[Measure, ...], seed: int, draws: int | None = None) -> FloatArray:
    """Return bootstrap values [measures, draws]; each draw takes as many accounts as there are, with replacement."""
    draws = draws or _enough_draws(len(outcomes))
    accounts, place = np.unique(outcomes.account, return_inverse=True)
    rng = np.random.default_rng(seed)
    values = np.empty((len(measures), draws))
    step = max(1, min(draws, DRAWS_AT_ONCE // max(1, len(outcomes))))
    for start in range(0, draws, step):
        size = min(step, draws - start)
        times = rng.multinomial(len(accounts), np.full(len(accounts), 1 / len(accounts)), size=size)
        weights = times[:, place].astype(float)
        for row, measure in enumerate(measures):
            values[row, start : start + size] = measure(outcomes, weights)
    return values


def compare(
    ours: FloatArray, theirs: FloatArray, outcomes: Outcomes, seed: int, measure: Measure = log_loss
) -> dict[str, float | None]:
    """Compare two sets of risks on the same rows by paired bootstrap: ours - theirs, and how often ours is lower."""

    def difference(rows: Outcomes, weights: FloatArray) -> FloatArray:
        return measure(rows.with_risk(ours), weights) - measure(rows.with_risk(theirs), weights)

    drawn = draws_of(outcomes, (difference,), seed, draws=2 * _enough_draws(len(outcomes)))[0]
    value = difference(outcomes, np.ones((1, len(outcomes))))[0]
    share = number((drawn < 0).mean()) if np.isfinite(value) else None
    return {"difference": number(value), **_interval(drawn), "share_lower": share}


def number(value: float) -> float | None:
    """Return a float that JSON can hold: None for NaN and infinities."""
    return float(value) if np.isfinite(value) else None


def _enough_draws(rows: int) -> int:
    """Return `DRAWS`, or fewer for many rows, whose intervals are narrow anyway."""
    return max(DRAWS // 3, min(DRAWS, PLENTY // max(1, rows)))


def _interval(drawn: FloatArray) -> dict[str, float | None]:
    known = drawn[np.isfinite(drawn)]
    low, high = np.quantile(known, [0.025, 0.975]) if len(known) else (np.nan, np.nan)
    return {"low": number(low), "high": number(high)}


def _by_rank(outcomes: Outcomes, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return churned and stayed weight per distinct risk, rising: two [draws, distinct]."""
    order = np.argsort(outcomes.risk, kind="stable")
    risk = outcomes.risk[order]
    first = np.flatnonzero(np.append(True, risk[1:] > risk[:-1]))
    churned = weights[:, order] * outcomes.churned[order]
    return (
        np.add.reduceat(churned, first, axis=1),
        np.add.reduceat(weights[:, order] - churned, first, axis=1),
    )


def _recalibration(outcomes: Outcomes, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return intercept and slope of churned on log-odds by weighted logistic regression (Newton), one per draw."""
    x = _log_odds(outcomes.risk)
    centre = x.mean()
    x, y = x - centre, outcomes.churned
    if np.ptp(x) < 1e-9:
        return np.full(len(weights), np.nan), np.full(len(weights), np.nan)
    a, b = np.full(len(weights), centre), np.ones(len(weights))
    for _ in range(NEWTON_ROUNDS):
        chance = hazard_of(a[:, None] + b[:, None] * x)
        miss, curve = weights * (y - chance), weights * chance * (1 - chance)
        g0, g1 = miss.sum(axis=1), miss @ x
        h00, h01, h11 = curve.sum(axis=1), curve @ x, curve @ x**2
        size = h00 * h11 - h01**2
        step = _divide(h00 * g1 - h01 * g0, size)
        a = np.clip(a + _divide(h11 * g0 - h01 * g1, size), -40, 40)
        b = np.clip(b + step, -20, 20)
        if not (np.abs(step) > CLOSE).any():
            break
    return a - b * centre, b


def _log_odds(risk: FloatArray) -> FloatArray:
    safe = np.clip(risk, 1e-9, 1 - 1e-9)
    odds: FloatArray = np.log(safe) - np.log1p(-safe)
    return odds


def _bins(risk: FloatArray) -> IntArray:
    borders = np.unique(np.quantile(risk, np.linspace(0, 1, BINS + 1)[1:-1]))
    return np.searchsorted(borders, risk, side="left")


def _mean(values: FloatArray, weights: FloatArray) -> FloatArray:
    return _divide(weights @ values, weights.sum(axis=1))


def _divide(above: FloatArray, below: FloatArray) -> FloatArray:
    """Divide, NaN where the divisor is 0: a measure without churns is not known."""
    ratio: FloatArray = np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below != 0)
    return ratio
