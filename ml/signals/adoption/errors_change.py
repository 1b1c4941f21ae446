"""Errors per thousand uses, against the four weeks before. Only where a meter is named "errors"."""

import numpy as np

from ml.facts import FloatArray
from ml.signals.signal import Measured, Signal
from ml.signals.view import View
from ml.signals.wording import figure, moved


def measure(view: View) -> Measured:
    """Return the change in errors per 1,000 uses; `before` is the earlier rate."""
    if not view.is_error.any():
        return view.unknown(), view.unknown()
    before = _rate(view, ago=28)
    return np.where(view.tenure >= 56, _rate(view, ago=0) - before, np.nan), before


def _rate(view: View, ago: int) -> FloatArray:
    errors = view.used(28, ago)[:, view.is_error].sum(axis=1)
    uses = view.uses(28, ago)
    rate: FloatArray = np.divide(1000 * errors, uses, out=view.unknown(), where=uses > 0)
    return rate


def sentence(value: float, before: float) -> str:
    return moved("errors per 1,000 uses", before, before + value, "four weeks")


def supposing(value: float, _before: float) -> str:
    return (
        "errors had not risen in four weeks"
        if value <= 0.5
        else f"errors per 1,000 uses had risen by {figure(value)} only"
    )


SIGNAL = Signal(
    "errors_change",
    "Errors change in four weeks",
    1,
    "errors per 1,000 uses",
    "Bring the errors to engineering and tell the customer when they are gone",
    measure,
    sentence,
    supposing,
)
