"""The mathematics of a renewal forecast: totals as distributions, with a shock that all accounts share.

Accounts do not decide independently: a recession, a price list or a rival moves many at once. Each draw therefore
adds one common normal shock to every account's log-odds of renewing. Without it, 80 % intervals cover about half.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ml.facts import BoolArray, FloatArray, IntArray
from ml.hazard.curve import hazard_of, log_survival

EXACT_DRAWS = 20_000_000  # account × draw pairs simulated one by one; the rest by their conditional normal
GRID = 61  # shocks between which the means of groups are interpolated
CHUNK_PAIRS = 4_000_000
SHOCK_SDS = np.linspace(0.025, 1.5, 60)
SHOCKS = np.linspace(-4.0, 4.0, 321)
PRIOR_SD = 0.5  # half-normal prior of the shock's size: a year of quarters alone cannot tell 0 from 0.3


@dataclass(frozen=True)
class Band:
    """P10, P50 and P90 of a total."""

    p10: float
    p50: float
    p90: float

    def holds(self, realised: float) -> bool:
        return self.p10 <= realised <= self.p90


@dataclass(frozen=True)
class _Due:
    """Renewals to draw: log-odds to renew, amount if renewed, and the group of each."""

    odds: FloatArray
    mean: FloatArray
    spread: FloatArray
    group: IntArray

    def part(self, chosen: BoolArray | IntArray) -> "_Due":
        return _Due(self.odds[chosen], self.mean[chosen], self.spread[chosen], self.group[chosen])


def simulate(
    p_renew: FloatArray,
    amount_mean: FloatArray,
    amount_spread: FloatArray,
    *,
    shock_sd: float,
    draws: int,
    seed: int,
    groups: IntArray | None = None,
) -> FloatArray:
    """Return simulated renewed totals: [draws, groups].

    p_renew [n]: chance to renew, its log-odds at shock 0. amount_mean, amount_spread [n]: mean and standard deviation
    of the amount if renewed. groups [n]: codes 0..g-1 (one group when None). The accounts that weigh most in their
    group are drawn one by one; the many that are small against their group are, given the shock, normal together.
    """
    group = np.zeros(len(p_renew), dtype=np.int64) if groups is None else groups
    totals = np.zeros((draws, int(group.max(initial=0)) + 1))
    rng = np.random.default_rng(seed)
    shocks = rng.standard_normal(draws) * shock_sd
    due = _Due(_log_odds(p_renew), amount_mean, amount_spread, group)
    single = _weightiest(due, EXACT_DRAWS // max(1, draws))
    if single.any():
        _draw_singly(due.part(single), shocks, rng, totals)
    if not single.all():
        _draw_together(due.part(~single), shocks, rng, totals)
    return np.maximum(totals, 0.0)


def band(totals: FloatArray) -> Band:
    """Return P10, P50, P90 of simulated totals [draws]."""
    return Band(*(float(value) for value in np.quantile(totals, [0.1, 0.5, 0.9])))


def estimate_shock(predicted: Sequence[FloatArray], renewed: Sequence[BoolArray]) -> float:
    """Return the standard deviation of the shared shock, from past periods' chances and what happened.

    The root of the posterior mean variance under a half-normal prior, so that what few periods leave in doubt widens
    the intervals; each period's likelihood integrates its own shock out. Without a past period it is the prior's.
    """
    likelihood = np.zeros(len(SHOCK_SDS))
    for chance, outcome in zip(predicted, renewed, strict=True):
        likelihood += _period_log_likelihood(_log_odds(chance), outcome)
    posterior = np.exp(likelihood - likelihood.max() - 0.5 * (SHOCK_SDS / PRIOR_SD) ** 2)
    return float(np.sqrt((SHOCK_SDS**2 * posterior).sum() / posterior.sum()))


@dataclass(frozen=True)
class PastPeriod:
    """A period as it was forecast, and what came of it: arrays over the renewals due in it."""

    p_renew: FloatArray
    amount_mean: FloatArray
    amount_spread: FloatArray
    renewed: BoolArray
    realised: float


@dataclass(frozen=True)
class Coverage:
    """How often the P10-P90 interval held, among the periods that could be tested; it should be 0.8."""

    bands: tuple[Band, ...]
    held: tuple[bool, ...]

    @property
    def share(self) -> float:
        return float(np.mean(self.held)) if self.held else float("nan")


def interval_coverage(periods: Sequence[PastPeriod], draws: int, seed: int, first: int = 2) -> Coverage:
    """Forecast each period from `first` on with the shock estimated from the periods before it only."""
    bands = []
    for place in range(first, len(periods)):
        past, now = periods[:place], periods[place]
        shock = estimate_shock([period.p_renew for period in past], [period.renewed for period in past])
        totals = simulate(
            now.p_renew, now.amount_mean, now.amount_spread, shock_sd=shock, draws=draws, seed=seed + place
        )
        bands.append(band(totals[:, 0]))
    held = tuple(found.holds(period.realised) for found, period in zip(bands, periods[first:], strict=True))
    return Coverage(tuple(bands), held)


def wape(forecast: FloatArray, actual: FloatArray) -> float:
    """Return Σ|forecast - actual| / Σ|actual|, NaN without any actual."""
    total = np.abs(actual).sum()
    return float(np.abs(forecast - actual).sum() / total) if total else float("nan")


def bias(forecast: FloatArray, actual: FloatArray) -> float:
    """Return Σ(forecast - actual) / Σ|actual|: above 0 the forecast was too high; NaN without any actual."""
    total = np.abs(actual).sum()
    return float((forecast - actual).sum() / total) if total else float("nan")


def _weightiest(due: _Due, number: int) -> BoolArray:
    """Tell which `number` of renewals make up most of their group's amount."""
    if number >= len(due.odds):
        return np.ones(len(due.odds), dtype=bool)
    of_group = np.bincount(due.group, weights=due.mean)[due.group]
    share = np.divide(due.mean, of_group, out=np.zeros(len(due.odds)), where=of_group > 0)
    chosen = np.zeros(len(due.odds), dtype=bool)
    if number:
        chosen[np.argpartition(-share, number - 1)[:number]] = True
    return chosen


def _draw_singly(due: _Due, shocks: FloatArray, rng: np.random.Generator, totals: FloatArray) -> None:
    """Add each renewal's own draw to the totals; the amounts' noise is one normal a group, exact given who renewed."""
    due = due.part(np.argsort(due.group, kind="stable"))
    present, first = np.unique(due.group, return_index=True)
    step = max(1, CHUNK_PAIRS // len(due.odds))
    for start in range(0, len(shocks), step):
        part = slice(start, start + step)
        chance = hazard_of((due.odds + shocks[part, None]).astype(np.float32))
        stays = rng.random(chance.shape, dtype=np.float32) < chance
        drawn = np.add.reduceat(stays * due.mean, first, axis=1)
        if due.spread.any():
            variance = np.add.reduceat(stays * due.spread**2, first, axis=1)
            drawn += np.sqrt(variance) * rng.standard_normal(drawn.shape)
        totals[part, present] += drawn


def _draw_together(due: _Due, shocks: FloatArray, rng: np.random.Generator, totals: FloatArray) -> None:
    """Add group totals drawn from their normal given the shock, its mean and variance interpolated between shocks."""
    size = totals.shape[1]
    grid = np.linspace(-1, 1, GRID) * max(float(np.abs(shocks).max()), 1e-12)
    means, variances = np.empty((GRID, size)), np.empty((GRID, size))
    for place, shock in enumerate(grid):
        chance = hazard_of(due.odds + shock)
        means[place] = np.bincount(due.group, weights=chance * due.mean, minlength=size)
        noise = chance * due.spread**2 + chance * (1 - chance) * due.mean**2
        variances[place] = np.bincount(due.group, weights=noise, minlength=size)
    for code in np.unique(due.group):
        deviation = np.sqrt(np.interp(shocks, grid, variances[:, code]))
        totals[:, code] += np.interp(shocks, grid, means[:, code]) + deviation * rng.standard_normal(len(shocks))


def _period_log_likelihood(odds: FloatArray, outcome: BoolArray) -> FloatArray:
    """Return the log likelihood of a period's outcomes for each of `SHOCK_SDS`, up to a constant."""
    kept, stayed = np.unique(odds[outcome], return_counts=True)  # a past period was told with few different chances
    lost, left = np.unique(odds[~outcome], return_counts=True)
    given = np.array([
        stayed @ log_survival(-kept - shock) + left @ log_survival(lost + shock) for shock in SHOCKS
    ])  # fmt: skip
    prior = -0.5 * (SHOCKS / SHOCK_SDS[:, None]) ** 2 - np.log(SHOCK_SDS)[:, None]
    found: FloatArray = np.logaddexp.reduce(given + prior, axis=1)
    return found


def _log_odds(chance: FloatArray) -> FloatArray:
    safe = np.clip(chance, 1e-6, 1 - 1e-6)
    odds: FloatArray = np.log(safe) - np.log1p(-safe)
    return odds
