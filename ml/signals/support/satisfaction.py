"""Satisfaction answers of the last 90 days."""

from ml.signals.signal import Measured, Signal
from ml.signals.view import View
from ml.signals.wording import count


def measure(view: View) -> Measured:
    """Return the mean answer (1..5), unknown without one; `before` is the number of answers."""
    talk = view.interactions
    recent = view.within(talk["happened_on"], 90)
    return view.mean(talk["account"][recent], talk["satisfaction"][recent])


def sentence(value: float, before: float) -> str:
    return f"satisfaction {value:.1f} of 5 in {count(before, 'answer')} over 90 days"


def supposing(value: float, _before: float) -> str:
    return f"satisfaction were {value:.1f} of 5"


SIGNAL = Signal(
    "satisfaction",
    "Satisfaction",
    -1,
    "1 to 5",
    "Follow up each low answer and report back what changed",
    measure,
    sentence,
    supposing,
)
