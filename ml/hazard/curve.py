"""From monthly hazards to survival at any day of the coming year."""

import numpy as np

from ml.facts import FloatArray
from ml.features import EDGES


def exposure(days: float) -> FloatArray:
    """Return how much of each future month lies within `days`, 0..1: [MONTHS]. Raises ValueError beyond a year."""
    if not 0 <= days <= EDGES[-1]:
        raise ValueError(f"a horizon must lie within 0..{EDGES[-1]} days, got {days}")
    part: FloatArray = np.clip((days - EDGES[:-1]) / np.diff(EDGES), 0.0, 1.0)
    return part


def hazard_of(log_odds: FloatArray) -> FloatArray:
    """Return the logistic function, without overflow."""
    hazard: FloatArray = 0.5 * (1 + np.tanh(0.5 * log_odds))
    return hazard


def log_survival(log_odds: FloatArray) -> FloatArray:
    """Return log(1 - hazard) from the hazard's log-odds, without overflow."""
    survival: FloatArray = -np.logaddexp(0.0, log_odds)
    return survival


def risk_within(log_odds: FloatArray, days: float) -> FloatArray:
    """Return the chance to churn within `days`: [n] from [n, MONTHS]. Within a month the hazard is constant."""
    risk: FloatArray = -np.expm1(log_survival(log_odds) @ exposure(days))
    return risk
