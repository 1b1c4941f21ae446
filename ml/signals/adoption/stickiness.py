"""How often the people who come, come: mean daily users / distinct users of 28 days."""

import numpy as np

from ml.signals.signal import Measured, Signal
from ml.signals.view import View
from ml.signals.wording import figure


def measure(view: View) -> Measured:
    """Return mean DAU / MAU over 28 days; `before` is the distinct people."""
    people, person_days = view.active_people(28)
    known = (people > 0) & (view.tenure >= 28)
    return np.divide(person_days / 28, people, out=view.unknown(), where=known), people


def sentence(value: float, before: float) -> str:
    return f"active people come on {figure(28 * value)} of 28 days ({figure(before)} of them)"


def supposing(value: float, _before: float) -> str:
    return f"active people came on {figure(28 * value)} of 28 days"


SIGNAL = Signal(
    "stickiness",
    "Stickiness",
    -1,
    "fraction",
    "Make the product part of a daily routine: alerts, reports, integrations",
    measure,
    sentence,
    supposing,
)
