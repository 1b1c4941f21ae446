"""Recalibrate hazards on months later than those they were fitted on."""

import numpy as np

from ml.facts import BoolArray, FloatArray
from ml.hazard.curve import hazard_of, log_survival
from ml.hazard.model import Calibration

PRIOR_CHURNS = 10.0  # the pull towards "change nothing", as strong as this many churns
ROUNDS = 25


def fit_calibration(log_odds: FloatArray, churned: BoolArray, weights: FloatArray | None = None) -> Calibration:
    """Fit intercept and slope by penalised maximum likelihood (Newton); no rows give the identity."""
    weight = np.ones(len(log_odds)) if weights is None else weights
    if not len(log_odds):
        return Calibration()
    design = np.column_stack([np.ones(len(log_odds)), log_odds - log_odds.mean()])
    start, pull = np.array([log_odds.mean(), 1.0]), np.array([1.0, 1.0]) * PRIOR_CHURNS
    found = start.copy()
    for _ in range(ROUNDS):
        chance = hazard_of(design @ found)
        slope = design.T @ (weight * (churned - chance)) - pull * (found - start)
        curve = (design * (weight * chance * (1 - chance))[:, None]).T @ design + np.diag(pull)
        found = found + np.linalg.solve(curve, slope)
    return Calibration(float(found[0] - found[1] * log_odds.mean()), float(max(found[1], 0.0)))


def log_loss_of(log_odds: FloatArray, churned: BoolArray, calibration: Calibration) -> float:
    """Return the mean log loss of recalibrated hazards."""
    moved = calibration.intercept + calibration.slope * log_odds
    return float(-np.where(churned, moved + log_survival(moved), log_survival(moved)).mean())


def helps(calibration: Calibration, log_odds: FloatArray, churned: BoolArray) -> bool:
    """Tell whether the recalibration lowers the log loss of these (newest) rows."""
    return log_loss_of(log_odds, churned, calibration) < log_loss_of(log_odds, churned, Calibration())
