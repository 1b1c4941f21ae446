"""What is known of churn when no model can be trusted: how often accounts of a tier left, drawn towards the whole book."""

from datetime import date

from sqlalchemy import text

from app.extensions import db

PRIOR_ACCOUNT_MONTHS = 60.0  # how many account-months the whole book's rate counts for in each tier
PRIOR_CHURNS, PRIOR_MONTHS = 1.0, 80.0  # before any history: about 1.3 % a month, weighing as much as 80 account-months


def monthly_hazards(today: date) -> dict[str | None, float]:
    """Give each tier's churns per account-month over the last year, shrunken to the book's (beta-binomial mean)."""
    rows = db.session.execute(text(_COUNTS), {"today": today}).all()
    churns, months = sum(row.churns for row in rows), sum(float(row.months) for row in rows)
    book = (churns + PRIOR_CHURNS) / (months + PRIOR_MONTHS)
    found = {row.tier: (row.churns + PRIOR_ACCOUNT_MONTHS * book) / (float(row.months) + PRIOR_ACCOUNT_MONTHS) for row in rows}
    return found | ({} if None in found else {None: book})


_COUNTS = """
SELECT a.tier,
       coalesce(sum(m.churns), 0)::int AS churns,
       coalesce(sum(GREATEST(0, LEAST(CAST(:today AS date), s.ended) - GREATEST(CAST(:today AS date) - 365, s.started)) / 30.4), 0) AS months
FROM account a
JOIN (SELECT workspace_id, account_id, min(started_on) AS started, max(coalesce(ended_on, '9999-12-31')) AS ended
      FROM subscription WHERE arr_minor > 0 GROUP BY workspace_id, account_id) s
  ON s.workspace_id = a.workspace_id AND s.account_id = a.id
LEFT JOIN (SELECT workspace_id, account_id, count(*) AS churns FROM movement
      WHERE kind = 'churn' AND moved_on > CAST(:today AS date) - 365 AND moved_on <= CAST(:today AS date)
      GROUP BY workspace_id, account_id) m ON m.workspace_id = a.workspace_id AND m.account_id = a.id
GROUP BY a.tier
"""
