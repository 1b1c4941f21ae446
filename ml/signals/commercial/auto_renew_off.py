"""Whether the contract ends unless somebody renews it."""

import numpy as np

from ml.signals.signal import Measured, Signal
from ml.signals.view import View
from ml.signals.wording import share


def measure(view: View) -> Measured:
    """Return the share of ARR whose automatic renewal is off; `before` is the ARR."""
    contracts = view.contracts
    off = ~contracts["auto_renew"].to_numpy(bool)
    return np.clip(view.total(contracts["account"][off], contracts["arr"][off]) / view.arr, 0, 1), view.arr


def sentence(value: float, _before: float) -> str:
    if value in (0.0, 1.0):
        return "automatic renewal is off" if value else "automatic renewal is on"
    return f"automatic renewal is off for {share(value)} of its ARR"


def supposing(value: float, _before: float) -> str:
    return "automatic renewal were on" if value < 0.5 else "automatic renewal were off"


SIGNAL = Signal(
    "auto_renew_off",
    "Automatic renewal off",
    1,
    "fraction",
    "Start the renewal talk early: nothing renews by itself here",
    measure,
    sentence,
    supposing,
)
