"""What is known of churn without a model to trust: how often accounts of a tier left, drawn towards the whole book."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
from sqlalchemy import text

from app.accounts.renewing import renewals_due
from app.extensions import db
from app.health.model.counting import PRIOR_ACCOUNT_MONTHS, counts_by_tier

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

PRIOR_CHURNS, PRIOR_MONTHS = 1.0, 80.0  # before any history: about 1.3 % a month, weighing as much as 80 account-months
PRIOR_LOST, PRIOR_RENEWALS = 1.0, 8.0  # before any renewal: one in eight is lost
PRIOR_SILENT = 1.0  # losses, half of them announced by then: nobody is ever quite sure to have said so
AHEAD = (np.arange(12) + 0.5) * 365 / 12  # days to the middle of each future month
PRIOR_BROKEN = 0.1  # a term is rarely broken off, but never with a chance of nothing: 0.1 in 80 account-months


@dataclass(frozen=True)
class TierRate:
    """What was counted of a tier's monthly contracts in the last year, and its rate once drawn towards the book."""

    tier: str | None
    churns: int
    months: float
    rate: float

    @property
    def counted(self) -> float | None:
        """The rate as counted, before it is drawn."""
        return self.churns / self.months if self.months else None

    @property
    def own_weight(self) -> float:
        """How far the tier speaks for itself, 0..1; the rest is the book's."""
        return self.months / (self.months + PRIOR_ACCOUNT_MONTHS)


@dataclass(frozen=True)
class BaseRates:
    """`monthly`: churns per account-month of monthly contracts by tier; `at_renewal` [12]: share of renewals lost by
    the months that they lie ahead, where no notice was given so far; `within_term`: churns per account-month of terms
    on other days than their renewals. `tiers`, `renewals` and `lost` are the counts behind them."""

    monthly: dict[str | None, float]
    book: float
    at_renewal: FloatArray
    within_term: float
    tiers: tuple[TierRate, ...] = ()
    renewals: int = 0
    lost: int = 0

    def hazards(self, tiers: Sequence[str | None], flags: BoolArray, is_term: BoolArray) -> FloatArray:
        """Give the chance to leave in each future month [n, months]: terms mostly at their renewal, others in any."""
        monthly = np.array([self.monthly.get(tier, self.book) for tier in tiers])[:, None]
        return np.where(is_term[:, None], np.where(flags, self.at_renewal[: flags.shape[1]], self.within_term), monthly)


def base_rates(as_of: date) -> BaseRates:
    """Count the last year's losses, drawn towards the book and a prior where there are few (beta-binomial means)."""
    counts = counts_by_tier("churn", as_of, "< 2")
    book = (sum(each.times for each in counts) + PRIOR_CHURNS) / (sum(each.months for each in counts) + PRIOR_MONTHS)
    tiers = tuple(TierRate(each.tier, each.times, each.months, each.drawn(book)) for each in counts)
    fell = renewals_due(as_of - timedelta(days=365), as_of + timedelta(days=1))
    lost = sum(kept == 0 for _, kept in fell)
    terms = counts_by_tier("churn", as_of, ">= 2")
    broken = max(0, sum(each.times for each in terms) - lost) + PRIOR_BROKEN
    return BaseRates(
        monthly={each.tier: each.rate for each in tiers},
        book=book,
        at_renewal=_at_renewal(len(fell), lost, as_of),
        within_term=broken / (sum(each.months for each in terms) + PRIOR_MONTHS),
        tiers=tiers,
        renewals=len(fell),
        lost=lost,
    )


def _at_renewal(fell: int, lost: int, as_of: date) -> FloatArray:
    """Who says nothing although the renewal is near mostly stays: of the lost count those not announced so early."""
    notice = np.array(db.session.execute(text(_NOTICE), {"today": as_of}).scalars().all(), dtype=float)
    counted = (notice[:, None] < AHEAD).sum(axis=0)
    silent = (counted + PRIOR_SILENT / 2) / (len(notice) + PRIOR_SILENT) if len(notice) else np.ones(len(AHEAD))
    all_lost = lost + PRIOR_LOST
    gone: FloatArray = all_lost * (1 - silent)
    return (all_lost - gone) / (fell + PRIOR_RENEWALS - gone)


_NOTICE = """
SELECT GREATEST(0, m.moved_on - max(s.end_known_at)::date)
FROM movement m
JOIN subscription s ON s.workspace_id = m.workspace_id AND s.account_id = m.account_id AND s.ended_on = m.moved_on
WHERE m.kind = 'churn' AND m.moved_on > CAST(:today AS date) - 365 AND m.moved_on <= CAST(:today AS date)
  AND s.arr_minor > 0 AND NOT s.is_trial AND s.term_months >= 2
GROUP BY m.account_id, m.moved_on
"""
