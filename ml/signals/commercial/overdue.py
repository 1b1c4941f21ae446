"""How many days the oldest unpaid invoice is overdue."""

import numpy as np

from ml.lives import days
from ml.signals.signal import Measured, Signal
from ml.signals.view import View
from ml.signals.wording import count


def measure(view: View) -> Measured:
    """Return days overdue, 0 with none, unknown for accounts never invoiced; `before` is how many are overdue."""
    invoices = view.facts.invoices
    issued = invoices[days(invoices["issued_on"]) <= view.day]
    late = issued[(days(issued["due_on"]) < view.day) & ~(days(issued["paid_on"]) <= view.day)]
    oldest = np.full(len(view.facts), view.day)
    np.minimum.at(oldest, late["account"].to_numpy(), days(late["due_on"]))
    value = np.minimum((view.day - oldest[view.rows]).astype(float), 365.0)
    return np.where(view.total(issued["account"]) > 0, value, np.nan), view.total(late["account"])


def sentence(value: float, before: float) -> str:
    if not before:
        return "no invoice overdue"
    return f"{count(before, 'invoice')} overdue, the oldest by {count(value, 'day')}"


def supposing(value: float, _before: float) -> str:
    return "no invoice were overdue" if value < 1 else f"the oldest overdue invoice were {count(value, 'day')} late"


SIGNAL = Signal(
    "overdue",
    "Overdue invoices",
    1,
    "days",
    "Ask whether it is the money or the value",
    measure,
    sentence,
    supposing,
)
