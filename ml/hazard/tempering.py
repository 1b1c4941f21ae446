"""Temper a model that is too bold even about the rows it was learnt from.

Hazards are fitted month by month. Where the months of an account hang together in a way that lines and steps cannot
tell (in a shop, whoever was silent longest leaves next month or comes back, and is then the safest of all), each month
may be right and the risk of all of them together too extreme. What is too bold on rows it knows is so on others; what
is too timid there is not, but rightly careful.
"""

from dataclasses import replace
from datetime import date

import numpy as np
from scipy.optimize import minimize

from ml.facts import FloatArray
from ml.hazard.calibration import PRIOR_CHURNS
from ml.hazard.curve import exposure, hazard_of, log_survival
from ml.hazard.model import Calibration, HazardModel
from ml.labels import HORIZON, Panel, known_labels

UNTOUCHED = 0.999  # a slope so close to 1 changes nothing


def tempered(model: HazardModel, panel: Panel, until: date | None) -> HazardModel:
    """Draw the hazards' log-odds together until the risk within HORIZON fits the rows learnt from; never apart.

    Of `panel` those rows count whose HORIZON was over by `until` (by the end of the data, when None); repeats of an
    account share its weight.
    """
    over, label = known_labels(panel, HORIZON, until)
    rows, churned = panel.rows(over), label[over]
    leavers = len(np.unique(rows.account[churned > 0]))
    if not leavers or leavers == len(np.unique(rows.account)):
        return model
    found = _fit(model.raw_log_odds(rows.values, rows.flags), churned, leavers / churned.sum())
    return _scaled(model, found) if found.slope < UNTOUCHED else model


def _fit(log_odds: FloatArray, churned: FloatArray, weight: float) -> Calibration:
    """Fit intercept and slope, the latter in 0..1, by penalised maximum likelihood of what came within HORIZON."""
    share = exposure(HORIZON)
    months = share > 0
    log_odds, share = log_odds[:, months], share[months]
    middle = float((log_odds @ share).mean() / share.sum())

    def loss(moved: FloatArray) -> tuple[float, FloatArray]:
        odds = middle + moved[0] + moved[1] * (log_odds - middle)
        alive = log_survival(odds) @ share
        gone = np.log(-np.expm1(np.minimum(alive, -1e-12)))
        by_survival = np.where(churned > 0, np.exp(alive - gone), -1.0)  # how the loss moves with log survival
        hazard = hazard_of(odds) * share
        slopes = [hazard.sum(axis=1), (hazard * (log_odds - middle)).sum(axis=1)]
        away = moved - start
        value = -weight * np.where(churned > 0, gone, alive).sum() + 0.5 * PRIOR_CHURNS * away @ away
        return float(value), np.array([-weight * by_survival @ each for each in slopes]) + PRIOR_CHURNS * away

    start = np.array([0.0, 1.0])
    level, slope = minimize(loss, start, jac=True, bounds=[(None, None), (0.0, 1.0)], method="L-BFGS-B").x
    return Calibration(float(middle + level - slope * middle), float(slope))


def _scaled(model: HazardModel, by: Calibration) -> HazardModel:
    shapes = tuple(replace(shape, table=by.slope * shape.table) for shape in model.shapes)
    about = {**model.about, "tempered": round(by.slope, 3)}
    return replace(model, base=by.intercept + by.slope * model.base, shapes=shapes, about=about)
