"""The whole hidden story of a book, from which everything that can be seen of it follows."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from app.demo.story.book import Book, sign
from app.demo.story.causes import DELIBERATION, Episodes, presence_by_month, pressure, strike
from app.demo.story.contracts import Contracts, negotiate
from app.demo.story.remedies import relief_of
from app.demo.story.timeline import Flags, Floats, Ints, Timeline


@dataclass(frozen=True)
class Story:
    seed: int
    time: Timeline
    book: Book
    episodes: Episodes
    presence: Floats  # [n, months, causes] what is at work
    doubt: Floats  # [n, months, causes] what has sunk in
    contracts: Contracts

    def paying_on(self, account: Ints, day: Ints) -> Flags:
        """Whether each account pays on each day; the arrays broadcast."""
        month = np.clip(self.time.month_of(day), 0, self.time.months - 1)
        contractual_day_reached = day >= self.time.day(month, self.book.offset[account])
        return self.contracts.paying[account, month + contractual_day_reached]


def tell(accounts: int, months: int, seed: int, ends_on: date, treated: pd.DataFrame) -> Story:
    time = Timeline.ending(ends_on, months)
    book = sign(accounts, time, seed)
    episodes = strike(book, time, seed)
    presence = presence_by_month(book, episodes, time)
    doubt = presence_by_month(book, episodes, time, delay=DELIBERATION)
    leaning = pressure(book, doubt, relief_of(treated, book, episodes, time))
    return Story(seed, time, book, episodes, presence, doubt, negotiate(book, leaning, presence, time, seed))
