"""Usage of the last four weeks against the four weeks before."""

import numpy as np

from ml.signals.signal import Measured, Signal
from ml.signals.view import View
from ml.signals.wording import changed, moved


def measure(view: View) -> Measured:
    """Return (now - before) / before; unknown in an account's first eight weeks or when it was not used before."""
    now, before = view.uses(28), view.uses(28, ago=28)
    known = (before > 0) & (view.tenure >= 56)
    return np.divide(now - before, before, out=view.unknown(), where=known), before


def sentence(value: float, before: float) -> str:
    return moved("usage", before, before * (1 + value), "four weeks")


def supposing(value: float, _before: float) -> str:
    return f"usage had {changed(value)} in four weeks"


SIGNAL = Signal(
    "usage_change",
    "Usage change in four weeks",
    -1,
    "fraction",
    "Ask the most active people what changed and re-open the use they valued",
    measure,
    sentence,
    supposing,
)
