"""How many accounts it takes to see a difference."""

from dataclasses import dataclass
from math import ceil, sqrt
from statistics import NormalDist


@dataclass(frozen=True)
class Plan:
    """The accounts that a fixed-size comparison needs in each arm."""

    treated: int
    held: int

    @property
    def total(self) -> int:
        return self.treated + self.held


def accounts_needed(
    rate: float, reduced: float, held_share: float = 0.5, alpha: float = 0.05, power: float = 0.8
) -> Plan:
    """Give the accounts an arm to tell `reduced` from `rate` (both churn rates), two-sided, at that power.

    Fleiss, Levin and Paik (2003), Statistical Methods for Rates and Proportions, ch. 4, with unequal arms.
    30 % against 20 % takes about 293 an arm at an even split. Raises ValueError when there is no difference to see.
    """
    if not (0 <= reduced <= 1 and 0 <= rate <= 1 and 0 < held_share < 1) or rate == reduced:
        raise ValueError("a plan needs two different rates and a held-out share, all between 0 and 1")
    ratio = (1 - held_share) / held_share
    pooled = (rate + ratio * reduced) / (1 + ratio)
    z_alpha, z_power = NormalDist().inv_cdf(1 - alpha / 2), NormalDist().inv_cdf(power)
    under_null = z_alpha * sqrt(pooled * (1 - pooled) * (1 + 1 / ratio))
    under_difference = z_power * sqrt(rate * (1 - rate) + reduced * (1 - reduced) / ratio)
    held = ((under_null + under_difference) / (rate - reduced)) ** 2
    return Plan(treated=ceil(held * ratio), held=ceil(held))
