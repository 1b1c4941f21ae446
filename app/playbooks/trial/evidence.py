"""Evidence that stays valid however often one looks: an e-value for "treating changes churn".

Outcomes come in batches (a month's enrolments, once all of their windows have closed). Given how many accounts of a
batch stood in each arm and how many churned at all, the number that churned among the held-out is hypergeometric if
treating changes nothing, whatever the churn rate of that batch. The odds ratio θ of an effect tilts it by exp(θ·count).
The product over batches of tilted against untilted probability, averaged over a prior on log θ, has expectation at
most 1 under "no effect" at every look; by Ville's inequality it passes 20 with probability at most 1/20, ever.

Conditioning as Cornfield (1956); the product of batch e-values and its optional stopping as Turner, Ly and Grünwald
(2024), "Generic E-variables for exact sequential k-sample tests", J. Statistical Planning and Inference 230
(arXiv:2106.02693); mixing over the effect as Robbins (1970). Strata balanced
within a batch make the count vary less than that: conservative.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp, lgamma, log

ENOUGH = 20.0

_SPREAD = 0.6
_STEPS = 10
_EFFECTS = tuple(3 * _SPREAD * step / _STEPS for step in range(-_STEPS, _STEPS + 1))
_WEIGHTS = tuple(-(effect**2) / (2 * _SPREAD**2) for effect in _EFFECTS)


@dataclass(frozen=True)
class Batch:
    """Closed outcomes that belong together: how many accounts of each arm, and how many of them churned."""

    treated: int
    treated_churned: int
    held: int
    held_churned: int


def evidence(batches: Sequence[Batch]) -> float:
    """Give the e-value against "no effect": 1 says nothing, 20 is enough to act on."""
    ratios = [sum(each) for each in zip(_WEIGHTS, *map(_log_ratios, batches), strict=True)]
    return exp(min(700.0, _log_sum(ratios) - _log_sum(_WEIGHTS)))


@lru_cache(maxsize=4096)
def _log_ratios(batch: Batch) -> tuple[float, ...]:
    """Give the log of tilted against untilted probability of a batch, for each effect."""
    churned = batch.treated_churned + batch.held_churned
    counts = range(max(0, churned - batch.treated), min(batch.held, churned) + 1)
    ways = [_log_ways(batch.held, k) + _log_ways(batch.treated, churned - k) for k in counts]
    everyone = _log_ways(batch.treated + batch.held, churned)
    tilts = (_log_sum([effect * k + way for k, way in zip(counts, ways, strict=True)]) for effect in _EFFECTS)
    return tuple(effect * batch.held_churned - (tilt - everyone) for effect, tilt in zip(_EFFECTS, tilts, strict=True))


def _log_ways(of: int, choose: int) -> float:
    return lgamma(of + 1) - lgamma(choose + 1) - lgamma(of - choose + 1)


def _log_sum(terms: Sequence[float]) -> float:
    largest = max(terms)
    return largest + log(sum(exp(term - largest) for term in terms))
