"""Counts what accounts of each tier did in a year; where that is little, its rate is drawn towards the book's."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import text

from app.extensions import db

PRIOR_ACCOUNT_MONTHS = 60.0  # how many account-months the whole book's rate counts for in each tier


@dataclass(frozen=True)
class TierCount:
    """How often accounts of a tier did something, and in how many account-months."""

    tier: str | None
    times: int
    months: float

    def drawn(self, book: float) -> float:
        """Give the rate an account-month, drawn towards the book's (beta-binomial mean)."""
        return (self.times + PRIOR_ACCOUNT_MONTHS * book) / (self.months + PRIOR_ACCOUNT_MONTHS)


def counts_by_tier(kind: str, as_of: date, terms: str = "") -> list[TierCount]:
    """Count the movements of a kind by tier; `terms`: of contracts whose months of term are so, in SQL (`< 2`)."""
    which = f"AND coalesce(term_months, 1) {terms}" if terms else ""
    rows = db.session.execute(text(_COUNTS.format(which=which)), {"today": as_of, "kind": kind})
    return [TierCount(row.tier, row.times, float(row.months)) for row in rows]


_COUNTS = """
SELECT a.tier,
       coalesce(sum(m.times), 0)::int AS times,
       coalesce(sum(GREATEST(0, LEAST(CAST(:today AS date), s.ended)
                                - GREATEST(CAST(:today AS date) - 365, s.started)) / 30.4), 0) AS months
FROM account a
JOIN (SELECT workspace_id, account_id, min(started_on) AS started, max(coalesce(ended_on, '9999-12-31')) AS ended
      FROM subscription WHERE arr_minor > 0 AND NOT is_trial {which}
      GROUP BY workspace_id, account_id) s
  ON s.workspace_id = a.workspace_id AND s.account_id = a.id
LEFT JOIN (SELECT workspace_id, account_id, count(*) AS times FROM movement
      WHERE kind = :kind AND moved_on > CAST(:today AS date) - 365 AND moved_on <= CAST(:today AS date)
      GROUP BY workspace_id, account_id) m ON m.workspace_id = a.workspace_id AND m.account_id = a.id
GROUP BY a.tier
"""
