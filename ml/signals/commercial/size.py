"""What the account pays in a year."""

import numpy as np

from ml.signals.signal import Measured, Signal
from ml.signals.view import View
from ml.signals.wording import figure


def measure(view: View) -> Measured:
    """Return log10(ARR); `before` is the ARR."""
    return np.log10(view.arr), view.arr


def sentence(_value: float, before: float) -> str:
    return f"pays {figure(before)} a year"


SIGNAL = Signal("size", "Annual recurring revenue", 0, "log10", None, measure, sentence)
