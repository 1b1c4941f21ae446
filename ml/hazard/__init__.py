"""The churn model: a discrete-time hazard whose every horizon comes from one survival curve."""

from ml.hazard.curve import Lifetime
from ml.hazard.fitting import BLEND, BOOSTING, LOGISTIC, TooLittleToLearn, fit_free, fit_hazard
from ml.hazard.model import Calibration, HazardModel, Shape

__all__ = [
    "BLEND",
    "BOOSTING",
    "LOGISTIC",
    "Calibration",
    "HazardModel",
    "Lifetime",
    "Shape",
    "TooLittleToLearn",
    "fit_free",
    "fit_hazard",
]
