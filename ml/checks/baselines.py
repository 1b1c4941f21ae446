"""Two rivals that any model must beat: the base rate, and what a spreadsheet could do."""

from datetime import date

import numpy as np
from sklearn.linear_model import LogisticRegression

from ml.facts import FloatArray
from ml.labels import Panel, known_labels
from ml.signals import SIGNALS

_USAGE_CHANGE = [signal.code for signal in SIGNALS].index("usage_change")


def base_rate(panel: Panel, until: date, horizon: int, test: Panel) -> FloatArray:
    """Return for every test row the churn rate of all rows known by `until`; NaN when there are none."""
    over, label = known_labels(panel, horizon, until)
    return np.full(len(test), label[over].mean() if over.any() else np.nan)


def spreadsheet(panel: Panel, until: date, horizon: int, test: Panel) -> FloatArray:
    """Return the risk by a logistic regression on the days to renewal and the 28-day usage change alone."""
    over, label = known_labels(panel, horizon, until)
    if not len(test) or len(np.unique(label[over])) < 2:
        return base_rate(panel, until, horizon, test)
    model = LogisticRegression(max_iter=1000)
    model.fit(_columns(panel.rows(over), horizon), label[over])
    risk: FloatArray = model.predict_proba(_columns(test, horizon))[:, 1]
    return risk


def _columns(panel: Panel, horizon: int) -> FloatArray:
    away = np.nan_to_num(panel.days_to_renewal, nan=365.0).clip(0, 365)
    change = panel.values[:, _USAGE_CHANGE]
    return np.column_stack([
        away / 365,
        away <= horizon,
        np.isnan(panel.days_to_renewal),
        np.nan_to_num(change).clip(-1, 1),
        np.isnan(change),
    ]).astype(float)  # fmt: skip
