"""How much of its revenue of 180 days ago the account has already taken away."""

import numpy as np

from ml.lives import arr_on
from ml.signals.signal import Measured, Signal
from ml.signals.view import View
from ml.signals.wording import figure, share


def measure(view: View) -> Measured:
    """Return 1 - ARR now / ARR then, 0 when it grew, unknown when it did not pay then; `before` is the ARR then."""
    then = arr_on(view.facts, view.day - 180)[view.rows]
    lost = np.divide(then - view.arr, then, out=view.unknown(), where=then > 0)
    return np.maximum(lost, 0.0), then


def sentence(value: float, before: float) -> str:
    if value < 0.005:
        return "no contraction in 180 days"
    return f"recurring revenue contracted by {share(value)} from {figure(before)} in 180 days"


def supposing(value: float, _before: float) -> str:
    return "revenue had not contracted" if value < 0.005 else f"revenue had contracted by {share(value)} only"


SIGNAL = Signal(
    "contraction",
    "Contraction in 180 days",
    1,
    "fraction",
    "Learn what they no longer need, and what they still do",
    measure,
    sentence,
    supposing,
)
