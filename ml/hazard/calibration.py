"""Recalibrate hazards on months later than those they were fitted on."""

import numpy as np
from scipy.optimize import minimize

from ml.facts import BoolArray, FloatArray
from ml.hazard.curve import hazard_of, log_survival
from ml.hazard.model import Calibration

PRIOR_CHURNS = 10.0  # the pull towards "change nothing", as strong as this many churns


def fit_calibration(log_odds: FloatArray, churned: BoolArray, weights: FloatArray | None = None) -> Calibration:
    """Fit intercept and slope by penalised maximum likelihood, the slope at least 0; no rows give the identity."""
    weight = np.ones(len(log_odds)) if weights is None else weights
    if not len(log_odds):
        return Calibration()
    design = np.column_stack([np.ones(len(log_odds)), log_odds - log_odds.mean()])
    start = np.array([log_odds.mean(), 1.0])

    def loss(found: FloatArray) -> tuple[float, FloatArray]:
        moved = design @ found
        miss, away = weight * (hazard_of(moved) - churned), PRIOR_CHURNS * (found - start)
        value = -(weight * (log_survival(moved) + churned * moved)).sum() + 0.5 * away @ (found - start)
        return float(value), miss @ design + away

    bounds = [(None, None), (0.0, None)]
    found = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B", options={"ftol": 1e-12, "gtol": 1e-9}).x
    return Calibration(float(found[0] - found[1] * log_odds.mean()), float(found[1]))


def log_loss_of(log_odds: FloatArray, churned: BoolArray, calibration: Calibration) -> float:
    """Return the mean log loss of recalibrated hazards."""
    moved = calibration.intercept + calibration.slope * log_odds
    return float(-np.where(churned, moved + log_survival(moved), log_survival(moved)).mean())


def helps(calibration: Calibration, log_odds: FloatArray, churned: BoolArray) -> bool:
    """Tell whether the recalibration lowers the log loss of these (newest) rows."""
    return log_loss_of(log_odds, churned, calibration) < log_loss_of(log_odds, churned, Calibration())
