"""Distinct active people of the last four weeks against the four weeks before."""

import numpy as np

from ml.signals.signal import Measured, Signal
from ml.signals.view import View
from ml.signals.wording import changed, moved


def measure(view: View) -> Measured:
    """Return (now + 1) / (before + 1) - 1: one person more or less says little in a small account."""
    now, before = view.active_people(28)[0], view.active_people(28, ago=28)[0]
    change = (now + 1) / (before + 1) - 1
    return np.where((view.tenure >= 56) & (before > 0), change, np.nan), before


def sentence(value: float, before: float) -> str:
    return moved("active users", before, (before + 1) * (1 + value) - 1, "four weeks")


def supposing(value: float, _before: float) -> str:
    return f"active users had {changed(value)} in four weeks"


SIGNAL = Signal(
    "active_users_change",
    "Active users change in four weeks",
    -1,
    "fraction",
    "Find out who stopped and invite them back, or train their successors",
    measure,
    sentence,
    supposing,
)
