"""Usage of the last four weeks against the account's own habit of the 90 days before."""

import numpy as np

from ml.signals.signal import Measured, Signal
from ml.signals.view import View
from ml.signals.wording import figure, share


def measure(view: View) -> Measured:
    """Return daily use now / daily use in the 90 days before; `before` is the habit per four weeks."""
    now, habit = view.uses(28), view.uses(90, ago=28) * 28 / 90
    known = (habit > 0) & (view.tenure >= 118)
    return np.divide(now, habit, out=view.unknown(), where=known), habit


def sentence(value: float, before: float) -> str:
    return f"usage of {figure(before * value)} in four weeks against a habit of {figure(before)}"


def supposing(value: float, _before: float) -> str:
    return f"usage were at {share(value)} of its habit"


SIGNAL = Signal(
    "usage_habit",
    "Usage against its habit",
    -1,
    "ratio",
    "Compare with the use agreed at the start and plan the way back",
    measure,
    sentence,
    supposing,
)
