"""Recalibrate hazards on months later than those they were fitted on."""

import numpy as np
from scipy.optimize import minimize

from ml.facts import BoolArray, FloatArray
from ml.hazard.curve import hazard_of, log_survival
from ml.hazard.model import Calibration

PRIOR_CHURNS = 10.0  # the pull towards "change nothing", as strong as this many churns


def fit_calibration(
    log_odds: FloatArray,
    churned: BoolArray,
    weights: FloatArray | None = None,
    *,
    exposed: FloatArray | None = None,
    steepest: float | None = None,
) -> Calibration:
    """Fit intercept and slope by penalised maximum likelihood, the slope at least 0; no rows give the identity.

    `log_odds` [rows] are of a month each; with `exposed` [months] they are [rows, months], and a row churned if it did
    so in any of these. `steepest`: the slope at most.
    """
    if not len(log_odds):
        return Calibration()
    weight = np.ones(len(log_odds)) if weights is None else weights
    share = np.ones(1) if exposed is None else exposed
    months = log_odds.reshape(len(log_odds), len(share))
    middle = float((months @ share).mean() / share.sum())
    away_from_middle, start = months - middle, np.array([middle, 1.0])

    def loss(found: FloatArray) -> tuple[float, FloatArray]:
        moved = found[0] + found[1] * away_from_middle
        stays = log_survival(moved) @ share
        goes = np.log(np.maximum(-np.expm1(stays), 1e-300))
        pull = weight * np.where(churned, -np.exp(stays - goes), 1.0)  # how the loss falls as survival grows
        hazard, away = hazard_of(moved) * share, PRIOR_CHURNS * (found - start)
        slope = np.array([pull @ hazard.sum(axis=1), pull @ (hazard * away_from_middle).sum(axis=1)])
        value = -(weight * np.where(churned, goes, stays)).sum() + 0.5 * away @ (found - start)
        return float(value), slope + away

    options = {"ftol": 1e-12, "gtol": 1e-9}
    bounds = [(None, None), (0.0, steepest)]
    found = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B", options=options).x
    return Calibration(float(found[0] - found[1] * middle), float(found[1]))


def log_loss_of(log_odds: FloatArray, churned: BoolArray, calibration: Calibration) -> float:
    """Return the mean log loss of recalibrated hazards."""
    moved = calibration.intercept + calibration.slope * log_odds
    return float(-np.where(churned, moved + log_survival(moved), log_survival(moved)).mean())


def helps(calibration: Calibration, log_odds: FloatArray, churned: BoolArray) -> bool:
    """Tell whether the recalibration lowers the log loss of these (newest) rows."""
    return log_loss_of(log_odds, churned, calibration) < log_loss_of(log_odds, churned, Calibration())
