"""What is known of churn without a model to trust: how often accounts of a tier left, drawn towards the whole book."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import text

from app.accounts.renewing import renewals_due
from app.extensions import db

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

PRIOR_ACCOUNT_MONTHS = 60.0  # how many account-months the whole book's rate counts for in each tier
PRIOR_CHURNS, PRIOR_MONTHS = 1.0, 80.0  # before any history: about 1.3 % a month, weighing as much as 80 account-months
PRIOR_LOST, PRIOR_RENEWALS = 1.0, 8.0  # before any renewal: one in eight is lost


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
    """`monthly`: churns per account-month of monthly contracts by tier; `at_renewal`: share of terms' renewals lost.

    `tiers`, `renewals` and `lost` are the counts behind them.
    """

    monthly: dict[str | None, float]
    book: float
    at_renewal: float
    tiers: tuple[TierRate, ...] = ()
    renewals: int = 0
    lost: int = 0

    def hazards(self, tiers: Sequence[str | None], flags: BoolArray, is_term: BoolArray) -> FloatArray:
        """Give the chance to leave in each future month [n, months]: terms at their renewal, others in any."""
        monthly = np.array([self.monthly.get(tier, self.book) for tier in tiers])[:, None]
        return np.where(is_term[:, None], np.where(flags, self.at_renewal, 0.0), monthly)


def base_rates(as_of: date) -> BaseRates:
    """Count the last year's losses, drawn towards the book and a prior where there are few (beta-binomial means)."""
    rows = db.session.execute(text(_COUNTS), {"today": as_of}).all()
    churns, months = sum(row.churns for row in rows), sum(float(row.months) for row in rows)
    book = (churns + PRIOR_CHURNS) / (months + PRIOR_MONTHS)
    tiers = tuple(TierRate(row.tier, row.churns, float(row.months), _drawn(row, book)) for row in rows)
    fell = renewals_due(as_of - timedelta(days=365), as_of + timedelta(days=1))
    lost = sum(kept == 0 for _, kept in fell)
    at_renewal = (lost + PRIOR_LOST) / (len(fell) + PRIOR_RENEWALS)
    return BaseRates({each.tier: each.rate for each in tiers}, book, at_renewal, tiers, len(fell), lost)


def _drawn(row: Any, book: float) -> float:
    return float((row.churns + PRIOR_ACCOUNT_MONTHS * book) / (float(row.months) + PRIOR_ACCOUNT_MONTHS))


_COUNTS = """
SELECT a.tier,
       coalesce(sum(m.churns), 0)::int AS churns,
       coalesce(sum(GREATEST(0, LEAST(CAST(:today AS date), s.ended)
                                - GREATEST(CAST(:today AS date) - 365, s.started)) / 30.4), 0) AS months
FROM account a
JOIN (SELECT workspace_id, account_id, min(started_on) AS started, max(coalesce(ended_on, '9999-12-31')) AS ended
      FROM subscription WHERE arr_minor > 0 AND NOT is_trial AND coalesce(term_months, 1) < 2
      GROUP BY workspace_id, account_id) s
  ON s.workspace_id = a.workspace_id AND s.account_id = a.id
LEFT JOIN (SELECT workspace_id, account_id, count(*) AS churns FROM movement
      WHERE kind = 'churn' AND moved_on > CAST(:today AS date) - 365 AND moved_on <= CAST(:today AS date)
      GROUP BY workspace_id, account_id) m ON m.workspace_id = a.workspace_id AND m.account_id = a.id
GROUP BY a.tier
"""
