"""The share of the last year's invoices that were, or are, paid late."""

import numpy as np

from ml.lives import days
from ml.signals.signal import Measured, Signal
from ml.signals.view import View
from ml.signals.wording import count, share

GRACE_DAYS = 3


def measure(view: View) -> Measured:
    """Return late / due, drawn towards 0 as if one more had been on time; `before` is the number due."""
    invoices = view.facts.invoices
    due = invoices[(days(invoices["issued_on"]) <= view.day) & view.within(invoices["due_on"], 365)]
    settled = np.fmin(days(due["paid_on"]), view.day + 1)
    late = settled > days(due["due_on"]) + GRACE_DAYS
    number = view.total(due["account"])
    return np.where(number > 0, view.total(due["account"][late]) / (number + 1), np.nan), number


def sentence(value: float, before: float) -> str:
    return f"{round(value * (before + 1))} of {count(before, 'invoice')} paid late in a year"


def supposing(value: float, _before: float) -> str:
    return f"{share(value)} of invoices had been paid late"


SIGNAL = Signal(
    "late_payers",
    "Invoices paid late",
    1,
    "fraction",
    "Agree on a payment plan before it becomes an argument",
    measure,
    sentence,
    supposing,
)
