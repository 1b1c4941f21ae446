"""Projects the renewals ahead: a chance for each, a distribution for each quarter (numbers.md §4)."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
from dateutil.relativedelta import relativedelta
from sqlalchemy import text

from app.accounts.renewing import renewals_due
from app.core.bulk.upserting import as_json
from app.extensions import db
from app.forecast import queries
from app.identity.models import Workspace
from ml.renewals import Coverage, PastPeriod, band, estimate_shock, interval_coverage, simulate

QUARTERS_AHEAD = 4
QUARTERS_BACK = 8
DRAWS = 10_000
SEED = 20_260
FEWEST_DUE = 5  # a past quarter with fewer renewals says nothing of the shock

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Past:
    """What past quarters teach: the shared shock, the share kept by those who renew, and the intervals' record."""

    shock: float
    kept_mean: float
    kept_spread: float
    coverage: Coverage | None
    periods: tuple[PastPeriod, ...]


def project(workspace: Workspace, as_of: date) -> None:
    """Write down every renewal of the coming year with its chance, as of the end of a day."""
    del workspace
    db.session.execute(text("DELETE FROM renewal_forecast"))
    db.session.execute(text(_PROJECT), {"as_of": as_of, "last": as_of + relativedelta(months=12)})
    db.session.execute(text(_SUMMARISE), {"as_of": as_of})


def take_snapshot(workspace: Workspace, as_of: date) -> None:
    """Keep what is expected of this quarter and the next three on a day, for ever."""
    del workspace
    past = learn_from_past(as_of)
    rows = [_quarter_row(queries.quarter_of(as_of, ahead), as_of, past) for ahead in range(QUARTERS_AHEAD)]
    db.session.execute(text(_SNAPSHOT), {"rows": as_json(rows), "as_of": as_of})


def learn_from_past(as_of: date) -> Past:
    """Estimate from finished quarters how much accounts move together and what those who renew keep."""
    quarters = [queries.quarter_of(as_of, -back) for back in range(QUARTERS_BACK, 0, -1)]
    due = [np.array(renewals_due(q, queries.quarter_after(q)), dtype=float).reshape(-1, 2) for q in quarters]
    due = [renewals for renewals in due if len(renewals) >= FEWEST_DUE]
    if not due:
        return Past(estimate_shock([], []), 1.0, 0.0, None, ())
    kept = np.concatenate([_kept(renewals) for renewals in due])
    kept_mean, kept_spread = (float(kept.mean()), float(kept.std())) if len(kept) else (1.0, 0.0)
    periods = tuple(_period(due, n, kept_mean, kept_spread) for n in range(1, len(due)))
    shock = estimate_shock([period.p_renew for period in periods], [period.renewed for period in periods])
    coverage = interval_coverage(periods, 4_000, SEED) if len(periods) > 2 else None
    return Past(shock, kept_mean, kept_spread, coverage, periods)


def _kept(renewals: FloatArray) -> FloatArray:
    """Give the share of value kept by each account that renewed, at most all of it."""
    stayed = renewals[renewals[:, 1] > 0]
    return np.minimum(stayed[:, 1] / stayed[:, 0], 1.0)


def _period(due: list[FloatArray], n: int, kept_mean: float, kept_spread: float) -> PastPeriod:
    """Tell quarter `n` as it would have been told before it began: with the rate of the quarters before."""
    before, now = np.concatenate(due[:n]), due[n]
    rate = (np.count_nonzero(before[:, 1] > 0) + 1) / (len(before) + 2)
    value = now[:, 0]
    realised = float(np.minimum(now[:, 1], value).sum())
    return PastPeriod(np.full(len(now), rate), value * kept_mean, value * kept_spread, now[:, 1] > 0, realised)


def _quarter_row(quarter: date, as_of: date, past: Past) -> dict[str, Any]:
    ahead = queries.renewals_ahead(max(quarter, as_of + relativedelta(days=1)), queries.quarter_after(quarter))
    behind = renewals_due(quarter, as_of + relativedelta(days=1)) if quarter <= as_of else []
    booked = sum(min(kept, due) for due, kept in behind)
    lost = sum(due - min(kept, due) for due, kept in behind)
    values = np.array([row.arr_minor for row in ahead], dtype=float)
    chances = np.array([row.probability for row in ahead], dtype=float)
    mean, spread = values * past.kept_mean, values * past.kept_spread
    totals = simulate(chances, mean, spread, shock_sd=past.shock, draws=DRAWS, seed=SEED)[:, 0]
    found = band(totals + booked)
    histogram, edges = np.histogram(totals + booked, bins=40)
    return {
        "quarter": quarter, "due_minor": int(values.sum() + booked + lost),
        "booked_minor": int(booked), "lost_minor": int(lost),
        "p10_minor": round(found.p10), "p50_minor": round(found.p50), "p90_minor": round(found.p90),
        "called_minor": queries.called_total(ahead, booked), "renewals": len(ahead),
        "detail": {
            "shock": past.shock, "kept_mean": past.kept_mean, "draws": DRAWS,
            "histogram": histogram.tolist(), "edges": edges.tolist(),
            "coverage": None if past.coverage is None else {"held": list(past.coverage.held)},
            "expected_minor": round(float((chances * values).sum() * past.kept_mean + booked)),
        },
    }  # fmt: skip


_PROJECT = """
INSERT INTO renewal_forecast (account_id, renews_on, arr_minor, probability, basis, expected_minor, projected_on)
SELECT s.account_id, due.renews_on, s.arr_minor, alive,
       CASE WHEN due.renews_on = s.ends_on THEN 'notice' ELSE c.basis END,
       round(s.arr_minor * alive), CAST(:as_of AS date)
FROM account_summary s
JOIN churn_score c ON c.workspace_id = s.workspace_id AND c.account_id = s.account_id AND c.scored_on = s.scored_on
CROSS JOIN LATERAL (
    SELECT (s.renews_on + make_interval(months => (s.term_months * n)::int))::date AS renews_on
    FROM generate_series(0, 12 / GREATEST(s.term_months, 1)::int) AS n
) due
CROSS JOIN LATERAL (
    SELECT CASE WHEN due.renews_on = s.ends_on THEN 0 ELSE
           c.survival[LEAST(12, GREATEST(1, ceil((due.renews_on - CAST(:as_of AS date)) / 30.4167)::int))] END AS alive
) curve
WHERE s.arr_minor > 0 AND s.renews_on IS NOT NULL
  AND due.renews_on > CAST(:as_of AS date) AND due.renews_on <= CAST(:last AS date)
  AND (s.ends_on IS NULL OR due.renews_on <= s.ends_on)
ON CONFLICT DO NOTHING
"""
_SUMMARISE = """
UPDATE account_summary s SET renewal_probability = f.probability
FROM account_summary me LEFT JOIN LATERAL (
    SELECT probability FROM renewal_forecast f
    WHERE f.workspace_id = me.workspace_id AND f.account_id = me.account_id ORDER BY renews_on LIMIT 1
) f ON true
WHERE me.workspace_id = s.workspace_id AND me.account_id = s.account_id
  AND s.renewal_probability IS DISTINCT FROM f.probability
"""
_SNAPSHOT = """
INSERT INTO forecast_snapshot (taken_on, quarter, due_minor, booked_minor, lost_minor, p10_minor, p50_minor, p90_minor,
                               called_minor, renewals, detail)
SELECT :as_of, quarter, due_minor, booked_minor, lost_minor, p10_minor, p50_minor, p90_minor, called_minor, renewals,
       detail
FROM json_to_recordset(CAST(:rows AS json)) AS r
    (quarter date, due_minor bigint, booked_minor bigint, lost_minor bigint, p10_minor bigint, p50_minor bigint,
     p90_minor bigint, called_minor bigint, renewals bigint, detail jsonb)
ON CONFLICT DO NOTHING
"""
