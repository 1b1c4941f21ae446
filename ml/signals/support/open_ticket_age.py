"""How long the oldest open ticket has waited."""

import numpy as np

from ml.lives import days
from ml.signals.signal import Measured, Signal
from ml.signals.view import View
from ml.signals.wording import count


def measure(view: View) -> Measured:
    """Return days since the oldest unresolved ticket of the last 365 days, 0 with none; `before` is how many."""
    tickets = view.tickets[view.tickets["direction"].to_numpy() != "out"]
    if not view.has_heard(tickets, 28):
        return view.unknown(), view.unknown()
    waiting = tickets[~(days(tickets["resolved_on"]) <= view.day)]
    oldest = np.full(len(view.facts), view.day)
    np.minimum.at(oldest, waiting["account"].to_numpy(), days(waiting["happened_on"]))
    return (view.day - oldest[view.rows]).astype(float), view.total(waiting["account"])


def sentence(value: float, before: float) -> str:
    if not before:
        return "no open tickets"
    return f"{count(before, 'open ticket')}, the oldest waiting for {count(value, 'day')}"


def supposing(value: float, _before: float) -> str:
    return "no ticket were open" if value < 1 else f"the oldest open ticket had waited for {count(value, 'day')}"


SIGNAL = Signal(
    "open_ticket_age",
    "Age of the oldest open ticket",
    1,
    "days",
    "Close it, or say honestly when",
    measure,
    sentence,
    supposing,
)
