"""A champion or sponsor who left in the last 120 days."""

import numpy as np

from ml.lives import days
from ml.signals.signal import Measured, Signal
from ml.signals.view import View
from ml.signals.wording import count


def measure(view: View) -> Measured:
    """Return how many left (and are known to have); `before` is the days since the latest.

    Unknown for accounts of which no champion or sponsor was ever named.
    """
    people = view.contacts
    joined = days(people["joined_on"])
    ours = people[people["role"].isin(("champion", "sponsor")).to_numpy() & ~(joined > view.day)]
    gone = ours[view.within(ours["left_on"], 120) & (days(ours["known_left_on"]) <= view.day)]
    number, named = view.total(gone["account"]), view.total(ours["account"])
    return np.where(named > 0, number, np.nan), view.latest(gone["account"], gone["left_on"])


def sentence(value: float, before: float) -> str:
    if not value:
        return "no champion or sponsor left in 120 days"
    when = f"{count(before, 'day')} ago" if before else "today"
    return (
        f"a champion or sponsor left {when}"
        if value < 2
        else f"{round(value)} champions or sponsors left, the latest {when}"
    )


def supposing(value: float, _before: float) -> str:
    return "no champion or sponsor had left" if value < 1 else f"{count(value, 'champion or sponsor')} had left"


SIGNAL = Signal(
    "champion_left",
    "Champion or sponsor left",
    1,
    "people",
    "Find and win the successor within a fortnight",
    measure,
    sentence,
    supposing,
)
