"""Urgent or escalated tickets of the last 90 days."""

from ml.signals.signal import Measured, Signal
from ml.signals.view import View
from ml.signals.wording import count

URGENT = ("urgent", "critical", "blocker", "p1")


def measure(view: View) -> Measured:
    """Return their number; `before` is all tickets of the 90 days."""
    tickets = view.tickets
    if not view.has_heard(tickets, 90):
        return view.unknown(), view.unknown()
    recent = tickets[view.within(tickets["happened_on"], 90)]
    grave = recent["escalated"].to_numpy(bool) | recent["priority"].str.lower().isin(URGENT).to_numpy(bool)
    return view.total(recent["account"][grave]), view.total(recent["account"])


def sentence(value: float, before: float) -> str:
    return f"{count(value, 'urgent or escalated ticket')} of {round(before)} in 90 days"


def supposing(value: float, _before: float) -> str:
    return f"{count(value, 'urgent or escalated ticket')} had come in 90 days"


SIGNAL = Signal(
    "urgent_tickets",
    "Urgent or escalated tickets",
    1,
    "tickets",
    "Have an executive call before the next one",
    measure,
    sentence,
    supposing,
)
