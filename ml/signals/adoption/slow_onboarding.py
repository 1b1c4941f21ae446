"""How much of its first 60 days a young account let pass unused."""

import numpy as np

from ml.signals.signal import Measured, Signal
from ml.signals.view import View
from ml.signals.wording import count

FIRST_DAYS, YOUNG_UNTIL, TOO_EARLY = 60, 180, 14


def measure(view: View) -> Measured:
    """Return the share of the first 60 days (so far) without any use; unknown beyond 180 days of tenure."""
    seen = view.recent_use
    young = (view.tenure >= TOO_EARLY) & (view.tenure < YOUNG_UNTIL) & (view.tenure < seen.shape[1])
    value, considered = view.unknown(), np.minimum(view.tenure + 1, FIRST_DAYS)
    if not seen.any() or not young.any():
        return value, considered
    first = seen.shape[1] - 1 - view.tenure[young].astype(int)
    offsets = np.arange(FIRST_DAYS)
    days = np.minimum(first[:, None] + offsets, seen.shape[1] - 1)
    in_time = offsets < considered[young, None]
    used = (seen[np.flatnonzero(young)[:, None], days] & in_time).sum(axis=1)
    value[young] = 1 - used / considered[young]
    return value, considered


def sentence(value: float, before: float) -> str:
    return f"used on {round(before * (1 - value))} of its first {count(before, 'day')}"


def supposing(value: float, before: float) -> str:
    return f"it had been used on {round(before * (1 - value))} of its first {count(before, 'day')}"


SIGNAL = Signal(
    "slow_onboarding",
    "Slow onboarding",
    1,
    "fraction",
    "Restart onboarding with one goal and a date",
    measure,
    sentence,
    supposing,
)
