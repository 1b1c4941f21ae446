"""Days since anybody of the account used anything."""

import numpy as np

from ml.signals.signal import Measured, Signal
from ml.signals.view import LOOK_BACK, View
from ml.signals.wording import count


def measure(view: View) -> Measured:
    """Return days of silence, at most the account's age; unknown when nobody in the whole book was seen."""
    seen = view.recent_use
    if not view.has_usage(1) or not seen.any():
        return view.unknown(), view.unknown()
    silent = np.where(seen.any(axis=1), seen[:, ::-1].argmax(axis=1), LOOK_BACK)
    return np.minimum(silent, view.tenure).astype(float), view.tenure


def sentence(value: float, before: float) -> str:
    if value < 1:
        return "used today"
    return f"not used once in its {count(before, 'day')}" if value >= before else f"not used for {count(value, 'day')}"


def supposing(value: float, _before: float) -> str:
    return "it had been used today" if value < 1 else f"it had been used {count(value, 'day')} ago"


SIGNAL = Signal(
    "days_since_use",
    "Days since last use",
    1,
    "days",
    "Call: silence this long is rarely a holiday",
    measure,
    sentence,
    supposing,
)
