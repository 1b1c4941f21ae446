"""The span that is simulated: days count from its first day, months are windows that end on `ends_on`."""

import zlib
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

NEVER = 1 << 30  # a day that does not come; shown as NaT
PAST = 72  # months before the first day that dates can fall in
AHEAD = 48  # months after the last day that renewals can fall in
LAST_OFFSET = 27  # a day of the month that every month has


@dataclass(frozen=True)
class Timeline:
    first_day: date
    ends_on: date
    months: int
    edges: Ints  # first day of each month window, from PAST months before the first one

    @classmethod
    def ending(cls, ends_on: date, months: int) -> "Timeline":
        """Raises ValueError when there is no month to simulate."""
        if months < 1:
            raise ValueError(f"a company lives at least one month, not {months}")
        after = pd.Timestamp(ends_on) + timedelta(days=1)
        starts = [after - pd.DateOffset(months=months - month) for month in range(-PAST, months + AHEAD)]
        first = starts[PAST]
        edges = np.array([(start - first).days for start in starts])
        return cls(first.date(), ends_on, months, edges)

    @property
    def days(self) -> int:
        return (self.ends_on - self.first_day).days + 1

    def day(self, month: npt.ArrayLike, offset: npt.ArrayLike) -> Ints:
        """The day `offset` days into a month window; months before the span are negative."""
        month = np.asarray(month)
        known = np.minimum(month, self.months + AHEAD - 1)
        return np.where(month >= NEVER, NEVER, self.edges[known + PAST] + offset)

    def month_of(self, day: npt.ArrayLike) -> Ints:
        return np.searchsorted(self.edges, day, side="right") - 1 - PAST

    def dates(self, days: npt.ArrayLike) -> npt.NDArray[np.datetime64]:
        """datetime64[s] at midnight; NaT for what never comes."""
        days = np.asarray(days)
        dates = np.datetime64(self.first_day, "s") + days.astype("timedelta64[D]")
        return np.where(days >= NEVER, np.datetime64("NaT", "s"), dates).astype("datetime64[s]")

    def seen(self, days: npt.ArrayLike) -> Ints:
        """Days after the span are not known yet: they never come."""
        days = np.asarray(days)
        return np.where(days >= self.days, NEVER, days)


def stream(seed: int, name: str, block: int = 0) -> np.random.Generator:
    """One random stream a concept, so that a change in one leaves all others as they were."""
    return np.random.default_rng([seed, zlib.crc32(name.encode()), block])
