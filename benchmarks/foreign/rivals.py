"""What anybody would try first, on the same rows and signals: logistic regression and boosting as they come."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ml.labels import Panel

FloatArray = npt.NDArray[np.float64]


def logistic_regression() -> ClassifierMixin:
    """Defaults, on standardised signals; what is unknown gets the mean and a column that says so."""
    return make_pipeline(SimpleImputer(add_indicator=True), StandardScaler(), LogisticRegression(max_iter=1000))


def gradient_boosting() -> ClassifierMixin:
    """Defaults, which know what to do with unknown values."""
    return HistGradientBoostingClassifier(random_state=1)


RIVALS: Mapping[str, Callable[[], ClassifierMixin]] = MappingProxyType(
    {"logistic regression": logistic_regression, "gradient boosting": gradient_boosting}
)


def risk_by(rival: str, learnt: Panel, label: FloatArray, test: Panel) -> FloatArray:
    """Learn whether each row churns within the horizon, with the renewal's distance beside the signals."""
    columns = _columns(learnt)
    varies = ~np.isnan(columns).all(axis=0)
    model = RIVALS[rival]().fit(columns[:, varies], label)
    risk: FloatArray = model.predict_proba(_columns(test)[:, varies])[:, 1]
    return risk


def _columns(panel: Panel) -> FloatArray:
    return np.column_stack([panel.values, panel.days_to_renewal])
