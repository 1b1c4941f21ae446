"""Days since the customer last spoke to us: a message of theirs or a meeting, public voices apart."""

import numpy as np
import pandas as pd

from ml.facts import BoolArray
from ml.signals.signal import Measured, Signal
from ml.signals.view import LOOK_BACK, View
from ml.signals.wording import count


def measure(view: View) -> Measured:
    """Return days of silence, at most the account's age; unknown when no such contact exists in the book."""
    spoken = view.interactions[is_theirs(view.interactions)]
    if not len(spoken):
        return view.unknown(), view.unknown()
    silent = np.nan_to_num(view.latest(spoken["account"], spoken["happened_on"]), nan=float(LOOK_BACK))
    return np.minimum(silent, view.tenure), view.tenure


def is_theirs(talk: pd.DataFrame) -> BoolArray:
    """Tell in which interactions the customer spoke to us: [interactions]."""
    theirs = (talk["direction"] == "in").to_numpy(bool) | (talk["channel"] == "meeting").to_numpy(bool)
    spoken: BoolArray = theirs & talk["reach"].isna().to_numpy()
    return spoken


def sentence(value: float, before: float) -> str:
    if value >= min(before, LOOK_BACK):
        return f"no word from them in {count(value, 'day')}"
    return f"last word from them {count(value, 'day')} ago" if value >= 1 else "heard from them today"


def supposing(value: float, _before: float) -> str:
    return "they had been heard from today" if value < 1 else f"they had been heard from {count(value, 'day')} ago"


SIGNAL = Signal(
    "days_since_contact",
    "Days since last two-way contact",
    1,
    "days",
    "Reach out with something worth an answer",
    measure,
    sentence,
    supposing,
)
