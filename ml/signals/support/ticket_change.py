"""Tickets of the last four weeks against the account's own habit."""

import numpy as np

from ml.signals.signal import Measured, Signal
from ml.signals.view import View
from ml.signals.wording import count, figure


def measure(view: View) -> Measured:
    """Return tickets in 28 days minus those usual in 28 days (from the 90 days before), over sqrt(usual + 1)."""
    tickets = view.tickets
    if not view.has_heard(tickets, 118):
        return view.unknown(), view.unknown()
    now = view.total(tickets["account"][view.within(tickets["happened_on"], 28)])
    usual = view.total(tickets["account"][view.within(tickets["happened_on"], 90, ago=28)]) * 28 / 90
    return np.where(view.tenure >= 118, (now - usual) / np.sqrt(usual + 1), np.nan), usual


def sentence(value: float, before: float) -> str:
    now = before + value * np.sqrt(before + 1)
    return f"{count(now, 'ticket')} in four weeks, usually {figure(before)}"


def supposing(value: float, before: float) -> str:
    return f"{count(max(0.0, before + value * np.sqrt(before + 1)), 'ticket')} had come in four weeks"


SIGNAL = Signal(
    "ticket_change",
    "Tickets against habit",
    0,
    "standard steps",
    "Read the tickets together: one cause or many?",
    measure,
    sentence,
    supposing,
)
