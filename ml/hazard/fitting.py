"""Fit the hazard with one of the learners: straight lines, steps, or the mean of both."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import numpy as np
from threadpoolctl import threadpool_limits

from ml.facts import FloatArray
from ml.features import MONTHS
from ml.hazard.blending import blended
from ml.hazard.boosting import fit_trees, tabulated
from ml.hazard.logistic import fit_logistic
from ml.hazard.model import HazardModel
from ml.hazard.tempering import tempered
from ml.labels import Panel, Periods, churns_in, periods_of

BOOSTING, LOGISTIC, BLEND = "additive boosting", "ridge logistic", "additive blend"
FEWEST_CHURNS = 30
MOST_PERIODS = 180_000  # of more rows a random part of the account × landmark pairs is learnt from


class TooLittleToLearn(ValueError):  # noqa: N818 - it is a finding, not a fault
    """Fewer churns than any model can be learnt from."""


def fit_hazard(
    panel: Panel,
    seed: int,
    until: date | None = None,
    fewest: int = FEWEST_CHURNS,
    learner: str = BLEND,
    *,
    is_held: bool = True,
) -> HazardModel:
    """Fit on the months that were over by `until` (all, when None), with no class weights.

    `is_held`: no line or step may run against its signal's direction, which is that of churn. Raises
    TooLittleToLearn where fewer than `fewest` accounts churned.
    """
    part, periods, churns = _rows_to_learn(panel, seed, until, fewest)
    models = []
    if learner != BOOSTING:
        models.append(fit_logistic(part.values, periods, churns, is_held=is_held))
    if learner != LOGISTIC:
        values, horizon = part.values[periods.row], _horizon_of(periods)
        models.append(tabulated(fit_trees(values, horizon, periods.churned, seed, is_held=is_held)))
    about = {"churns": churns, "rows": len(periods), "until": until and until.isoformat()}
    model = replace(_levelled(blended(models), int(periods.month.max())), learner=learner, about=about)
    return tempered(model, part, until)


def fit_free(
    panel: Panel, seed: int, until: date | None = None, fewest: int = FEWEST_CHURNS
) -> Callable[[Panel], FloatArray]:
    """Fit the challenger, boosting free to let signals interact; return its log-odds of a panel: [rows, MONTHS]."""
    part, periods, _ = _rows_to_learn(panel, seed, until, fewest)
    trees = fit_trees(part.values[periods.row], _horizon_of(periods), periods.churned, seed, additive=False)
    furthest = int(periods.month.max())

    def log_odds(rows: Panel) -> FloatArray:
        by_month = [
            np.column_stack([rows.values, np.full(len(rows), min(month, furthest)), rows.flags[:, month - 1]])
            for month in range(1, MONTHS + 1)
        ]
        with threadpool_limits(limits=1):
            chance = trees.predict_proba(np.concatenate(by_month))[:, 1].reshape(MONTHS, len(rows)).T
        odds: FloatArray = np.log(chance) - np.log1p(-chance)
        return odds

    return log_odds


def _rows_to_learn(panel: Panel, seed: int, until: date | None, fewest: int) -> tuple[Panel, Periods, int]:
    """Return a part of the panel, its months, and how many accounts churn in all of the months."""
    periods = periods_of(panel, until)
    churns = churns_in(panel, periods)
    if churns < fewest:
        raise TooLittleToLearn(f"{churns} accounts churned; a model needs at least {fewest}")
    if len(periods) <= MOST_PERIODS:
        return panel, periods, churns
    kept = np.random.default_rng(seed).random(len(panel)) < MOST_PERIODS / len(periods)
    part = panel.rows(kept)
    return part, periods_of(part, until), churns


def _horizon_of(periods: Periods) -> FloatArray:
    """Return (month ahead, renewal in it) as the learners' last two columns: [rows, 2]."""
    return np.column_stack([periods.month, periods.renewal]).astype(float)


def _levelled(model: HazardModel, months_seen: int) -> HazardModel:
    """Repeat the furthest month that training saw in all months beyond it."""
    for table in (model.base, *(shape.table for shape in model.shapes)):
        table[..., months_seen:] = table[..., months_seen - 1 : months_seen]
    return replace(model, months_seen=months_seen)
