"""How many of the measured features are in use."""

import numpy as np

from ml.signals.signal import Measured, Signal
from ml.signals.view import View
from ml.signals.wording import count, figure


def measure(view: View) -> Measured:
    """Return meters (errors apart) with any use in 28 days; `before` is how many there are."""
    used = view.used(28)[:, ~view.is_error]
    in_use = np.where(np.isnan(used).any(axis=1), np.nan, (used > 0).sum(axis=1))
    return np.where(view.tenure >= 28, in_use, np.nan), np.full(len(in_use), float(used.shape[1]))


def sentence(value: float, before: float) -> str:
    return f"{figure(value)} of {count(before, 'feature')} in use"


def supposing(value: float, _before: float) -> str:
    return f"{count(value, 'feature')} were in use"


SIGNAL = Signal(
    "breadth",
    "Features in use",
    -1,
    "features",
    "Show the next feature that accounts like this one keep",
    measure,
    sentence,
    supposing,
)
