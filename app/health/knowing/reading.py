"""Reads the signals of accounts as of the end of a day."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Self, TypeVar

import numpy as np
import pandas as pd

from app.core.bulk.lanes import read_in_lanes
from app.core.money import minor_digits
from app.health import queries
from app.health.knowing.gathering import gather
from app.health.knowing.knowledge import Knowledge
from app.health.knowing.recent import Recent
from app.health.knowing.witnessing import witnesses
from app.health.scorecard import SIGNALS, Card
from app.identity.models import Workspace
from ml.facts import Facts
from ml.features import MONTHS, Snapshot, snapshot_as_of

LOOK_BACK_DAYS = 400
CHUNK = 5_000
Progress = Callable[[int, int | None, str], None]
Found = TypeVar("Found")
Ages = Mapping[str, int | None]


@dataclass(frozen=True)
class Book:
    """The signals of paying accounts on a day: `ids` [n], frames [n, signals], renewal flags [n, MONTHS], ARR [n]."""

    ids: np.ndarray
    values: pd.DataFrame
    before: pd.DataFrame
    flags: np.ndarray
    arr: np.ndarray

    @cached_property
    def columns(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Each signal's values and the figures before."""
        return {code: (self.values[code].to_numpy(float), self.before[code].to_numpy(float)) for code in SIGNALS}

    def rows(self, chosen: np.ndarray) -> Self:
        """Give some of the accounts: a mask or places [n]."""
        places = np.arange(len(self.ids))[chosen]
        values, before = (frame.iloc[places].reset_index(drop=True) for frame in (self.values, self.before))
        return type(self)(self.ids[chosen], values, before, self.flags[chosen], self.arr[chosen])


def read_book(workspace: Workspace, ids: Sequence[int], knowledge: Knowledge) -> Book:
    """Read accounts (ids ascending) as one book."""
    return joined(list(read_books(workspace, ids, knowledge, lambda book: book)))


def read_books(
    workspace: Workspace,
    ids: Sequence[int],
    knowledge: Knowledge,
    then: Callable[[Book], Found],
    progress: Progress = lambda *_: None,
    lanes: int = 1,
    elapsed: float = 1.0,
) -> Iterator[Found]:
    """Read accounts (ids ascending) some thousands at a time, and do `then` with each; witnesses say what the rest of
    the book would. `lanes`: how many are read at once; with more than one, only what is committed. `elapsed`: the share
    of the day that is over.
    """
    also, as_of = witnesses(knowledge, LOOK_BACK_DAYS), knowledge.as_of
    chunks = [ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK)]

    def read(chunk: Sequence[int]) -> Found | None:
        payers = queries.who_may_pay(chunk, as_of)
        if not payers:
            return None
        together = sorted(also.union(payers))
        recent = Recent.to(as_of, knowledge.zone, together, also)
        book = snapshot_book(facts_of(workspace, together, as_of, as_of, recent), as_of, elapsed)
        return then(book.rows(np.isin(book.ids, payers)))

    progress(0, len(ids), "Reading signals")
    for done, found in enumerate(read_in_lanes(read, chunks, lanes), start=1):
        progress(min(done * CHUNK, len(ids)), len(ids), "Reading signals")
        if found is not None:
            yield found


def facts_of(
    workspace: Workspace, ids: Sequence[int], first_as_of: date, as_of: date, recent: Recent | None = None
) -> Facts:
    """Gather all that signals of any day from `first_as_of` to `as_of` look at; with `recent`, of that day alone."""
    minor = 10 ** minor_digits(workspace.currency)
    first_day = first_as_of - timedelta(days=LOOK_BACK_DAYS)
    return gather(ids, first_day, as_of, workspace.time_zone, minor, recent, known_after=first_as_of)


def snapshot_book(facts: Facts, as_of: date, elapsed: float = 1.0) -> Book:
    """Measure the accounts of `facts` that paid at the end of a day, or when a share of it was over."""
    snapshot: Snapshot = snapshot_as_of(facts, as_of, elapsed)
    ids = facts.accounts["id"].to_numpy()[snapshot.values.index.to_numpy()]
    return Book(ids, snapshot.values, snapshot.before, snapshot.flags, snapshot.arr)


def stale_out(book: Book, ages: Ages, card: Card) -> Book:
    """Make unknown what a source that has missed its deadline would say: a dead feed must not look like health."""
    stale = {m.signal for m in card.measures if _is_stale(ages[m.source], card.deadlines[m.source])}
    if not stale:
        return book
    values = book.values.copy()
    values[sorted(stale)] = np.nan
    return Book(book.ids, values, book.before, book.flags, book.arr)


def joined(parts: Sequence[Book]) -> Book:
    """Put books one below the other."""
    if not parts:
        empty = pd.DataFrame({code: pd.Series(dtype=float) for code in SIGNALS})
        return Book(np.array([], np.int64), empty, empty, np.zeros((0, MONTHS), bool), np.array([]))
    return Book(
        np.concatenate([part.ids for part in parts]),
        pd.concat([part.values for part in parts], ignore_index=True),
        pd.concat([part.before for part in parts], ignore_index=True),
        np.concatenate([part.flags for part in parts]),
        np.concatenate([part.arr for part in parts]),
    )


def _is_stale(age: int | None, deadline: int) -> bool:
    return age is None or age > deadline
