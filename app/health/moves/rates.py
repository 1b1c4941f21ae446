"""What is known of moves without a model to trust: how often accounts of a tier had one, drawn towards the book."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
from sqlalchemy import text

from app.extensions import db

PRIOR_ACCOUNT_MONTHS = 60.0  # how many account-months the whole book's rate counts for in each tier
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
    rows = db.session.execute(text(_COUNTS), {"today": as_of, "kind": kind}).all()
    moves, months = sum(row.moves for row in rows), sum(float(row.months) for row in rows)
    book = (moves + PRIOR_MOVES) / (months + PRIOR_MONTHS)
    monthly = {
        row.tier: (row.moves + PRIOR_ACCOUNT_MONTHS * book) / (float(row.months) + PRIOR_ACCOUNT_MONTHS) for row in rows
    }
    return MoveRates(monthly, book)


_COUNTS = """
SELECT a.tier,
       coalesce(sum(m.moves), 0)::int AS moves,
       coalesce(sum(GREATEST(0, LEAST(CAST(:today AS date), s.ended)
                                - GREATEST(CAST(:today AS date) - 365, s.started)) / 30.4), 0) AS months
FROM account a
JOIN (SELECT workspace_id, account_id, min(started_on) AS started, max(coalesce(ended_on, '9999-12-31')) AS ended
      FROM subscription WHERE arr_minor > 0 AND NOT is_trial
      GROUP BY workspace_id, account_id) s
  ON s.workspace_id = a.workspace_id AND s.account_id = a.id
LEFT JOIN (SELECT workspace_id, account_id, count(*) AS moves FROM movement
      WHERE kind = :kind AND moved_on > CAST(:today AS date) - 365 AND moved_on <= CAST(:today AS date)
      GROUP BY workspace_id, account_id) m ON m.workspace_id = a.workspace_id AND m.account_id = a.id
GROUP BY a.tier
"""
