"""What a signal is: a figure about an account on a day, its direction, and the sentence that says it."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from ml.facts import FloatArray
from ml.signals.view import View

Measured = tuple[FloatArray, FloatArray]


@dataclass(frozen=True)
class Signal:
    """A measured fact about each account of a view.

    `direction` is +1 when risk may only rise as the value grows, -1 when it may only fall, 0 when unsure.
    `measure` returns (value, before): one float per row of the view, NaN = unknown; `before` is the figure the
    value is compared with. `sentence` takes the two, both known. `supposing` completes "If …" for another value of a
    signal that can be acted on.
    """

    code: str
    title: str
    direction: int
    unit: str
    acts_on: str | None
    measure: Callable[[View], Measured]
    sentence: Callable[[float, float], str]
    supposing: Callable[[float, float], str] | None = None

    def say(self, value: float, before: float) -> str:
        """Return the plain sentence for one account, also when the value is unknown."""
        if math.isnan(value):
            return f"{self.title[0].lower()}{self.title[1:]}: not known"
        return self.sentence(value, before)
