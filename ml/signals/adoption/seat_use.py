"""The share of paid seats that somebody sits in."""

import numpy as np

from ml.signals.signal import Measured, Signal
from ml.signals.view import View
from ml.signals.wording import count, figure, share


def measure(view: View) -> Measured:
    """Return distinct active people in 28 days / seats, at most 1.5; `before` is the seats."""
    contracts = view.contracts
    known = contracts["seats"].notna().to_numpy()
    seats = view.total(contracts["account"][known], contracts["seats"][known])
    active = view.active_people(28)[0]
    value = np.divide(active, seats, out=view.unknown(), where=(seats > 0) & (view.tenure >= 28))
    return np.minimum(value, 1.5), seats


def sentence(value: float, before: float) -> str:
    return f"{figure(value * before)} of {count(before, 'seat')} in use"


def supposing(value: float, _before: float) -> str:
    return f"{share(value)} of the seats were in use"


SIGNAL = Signal(
    "seat_use",
    "Seats in use",
    -1,
    "fraction",
    "Roll out to the idle seats before the renewal talks about them",
    measure,
    sentence,
    supposing,
)
