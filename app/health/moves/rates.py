"""What is known of moves without a model to trust: how often accounts of a tier had one, drawn towards the book."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from app.health.model.counting import counts_by_tier

PRIOR_MOVES, PRIOR_MONTHS = 1.0, 80.0  # before any history, weighing as much as 80 account-months
MONTHS_AHEAD = 90 * 12 / 365


@dataclass(frozen=True)
class MoveRates:
    """Moves of a kind per account-month, by tier and in the whole book."""

    monthly: dict[str | None, float]
    book: float

    def chances(self, tiers: Sequence[str | None]) -> npt.NDArray[np.float64]:
        """Give the chance of a move within 90 days: [accounts]."""
        rates = np.array([self.monthly.get(tier, self.book) for tier in tiers], dtype=float)
        return 1 - (1 - rates.clip(0, 1)) ** MONTHS_AHEAD


def move_rates(kind: str, as_of: date) -> MoveRates:
    """Count the last year's moves of a kind, drawn towards the book and a prior where there are few."""
    counts = counts_by_tier(kind, as_of)
    book = (sum(each.times for each in counts) + PRIOR_MOVES) / (sum(each.months for each in counts) + PRIOR_MONTHS)
    return MoveRates({each.tier: each.drawn(book) for each in counts}, book)
