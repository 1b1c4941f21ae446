"""How long the account has been a customer in its current life. Models cap it at the history they learned from."""

from ml.signals.signal import Measured, Signal
from ml.signals.view import View
from ml.signals.wording import count


def measure(view: View) -> Measured:
    """Return months of 365 / 12 days; `before` is the days."""
    return view.tenure * 12 / 365, view.tenure


def sentence(value: float, _before: float) -> str:
    return f"a customer for {count(value, 'month')}"


SIGNAL = Signal("tenure", "Tenure", 0, "months", None, measure, sentence)
