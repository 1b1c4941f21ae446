"""The tone of what the customer wrote in the last 90 days."""

import numpy as np

from ml.signals.signal import Measured, Signal
from ml.signals.view import View
from ml.signals.wording import count


def measure(view: View) -> Measured:
    """Return the mean sentiment (-1..1) of inbound texts, drawn to 0 as if two neutral ones were there."""
    talk = view.interactions
    inbound = view.within(talk["happened_on"], 90) & (talk["direction"] == "in").to_numpy(bool)
    mean, texts = view.mean(talk["account"][inbound], talk["sentiment"][inbound])
    return np.where(texts > 0, mean * texts / (texts + 2), np.nan), texts


def sentence(value: float, before: float) -> str:
    return f"a {_tone(value, before)} in {count(before, 'message')} over 90 days"


def supposing(value: float, before: float) -> str:
    return f"there were a {_tone(value, before)}"


def _tone(value: float, texts: float) -> str:
    tone = value * (texts + 2) / texts if texts else value
    word = "negative" if tone < -0.1 else "positive" if tone > 0.1 else "neutral"
    return f"{word} tone ({tone:+.2f})".replace("-", "\N{MINUS SIGN}")


SIGNAL = Signal(
    "sentiment",
    "Tone of messages",
    -1,
    "-1 to 1",
    "Answer the worst message yourself, by phone",
    measure,
    sentence,
    supposing,
)
