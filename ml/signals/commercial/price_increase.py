"""How much dearer a seat is than a year ago (or than at the start, for younger accounts)."""

import numpy as np

from ml.facts import FloatArray
from ml.lives import days, is_running
from ml.signals.signal import Measured, Signal
from ml.signals.view import View
from ml.signals.wording import changed, figure, share


def measure(view: View) -> Measured:
    """Return price per seat now / then - 1, within -0.5..1; `before` is the ARR per seat then."""
    now, then = _price(view, view.day), _price(view, view.day - 365)
    then = np.where(np.isnan(then), _first_price(view), then)
    return np.clip(now / then - 1, -0.5, 1.0), then


def _price(view: View, day: np.datetime64) -> FloatArray:
    """Return ARR per seat on a day, as known on the view's day; unknown without seats."""
    rows = view.subscriptions[is_running(view.subscriptions, day)]
    seats, arr = view.total(rows["account"], rows["seats"]), view.total(rows["account"], rows["arr"])
    return np.divide(arr, seats, out=view.unknown(), where=(seats > 0) & (arr > 0))


def _first_price(view: View) -> FloatArray:
    """Return ARR per seat of the first row of an account that started in the last year."""
    rows = view.subscriptions
    rows = rows[(days(rows["started_on"]) <= view.day) & (days(rows["started_on"]) > view.day - 365)]
    first = rows[rows["arr"] > 0].sort_values("started_on", kind="stable").drop_duplicates("account")
    price = np.full(len(view.facts), np.nan)
    price[first["account"]] = (first["arr"] / first["seats"].where(first["seats"] > 0)).to_numpy()
    return price[view.rows]


def sentence(value: float, before: float) -> str:
    if abs(value) < 0.005:
        return "price per seat unchanged within a year"
    verb = "rose" if value > 0 else "fell"
    return f"price per seat {verb} by {share(abs(value))} to {figure(before * (1 + value))} a year"


def supposing(value: float, _before: float) -> str:
    return f"the price per seat had {changed(value)} within a year"


SIGNAL = Signal(
    "price_increase",
    "Price increase in a year",
    1,
    "fraction",
    "Show the value gained since, before the renewal does the sums",
    measure,
    sentence,
    supposing,
)
