"""Shares commits: what comes while a commit is under way is stored together by the next one, and answered after it.

A single event costs a round trip and a flush to disk; so sixteen at a time cost hardly more than one. Where several
came last time, whose turn it is waits a moment for more. Of batches a few at once keep the cores of PostgreSQL busy;
smaller ones go along with each other.

Whoever counts locks days in order. Where two writers stand in each other's way all the same, PostgreSQL lets one of
them go, which is stored once more.
"""

from bisect import bisect_right
from collections.abc import Callable, Hashable, Sequence, Sized
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from itertools import accumulate
from threading import Event, Lock
from time import sleep
from typing import Any, TypeVar

import psycopg
import structlog
from psycopg.errors import DeadlockDetected
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from app.extensions import db

TRIES = 4
_log = structlog.get_logger()


@dataclass(frozen=True)
class Sharing:
    """How those who come together are stored: how many commits at once, each of how many things, what whose turn it is
    enters first, and how long it then waits for more where several came last time."""

    at_once: int = 1
    most: int = 4_000
    gather_s: float = 0.002  # a sixth of what an event takes where sixteen send; where one sends, nobody waits
    turn: Callable[[], AbstractContextManager[None]] = nullcontext


@dataclass
class _Ticket:
    item: Sized
    answer: Any = None
    error: Exception | None = None
    is_over: bool = False
    called: Event = field(default_factory=Event)  # when it is over, or its turn to store for all who wait


@dataclass
class _Line:
    """Those who wait in one workspace, while others store."""

    guard: Lock = field(default_factory=Lock)
    waiting: list[_Ticket] = field(default_factory=list)
    storing: int = 0
    is_crowded: bool = False  # several were stored together last time

    def join(self, ticket: _Ticket, at_once: int) -> None:
        """Stand in line; where there is room to store, it is this one's turn at once."""
        with self.guard:
            if self.storing < at_once:
                self.storing += 1
                ticket.called.set()
            else:
                self.waiting.append(ticket)

    def with_next(self, ticket: _Ticket, sharing: Sharing) -> list[_Ticket]:
        """Take those who came first along with whose turn it is, until they bring so many things together."""
        if self.is_crowded and sharing.gather_s:
            sleep(sharing.gather_s)
        with self.guard:
            sizes = list(accumulate((len(each.item) for each in self.waiting), initial=len(ticket.item)))[1:]
            others = bisect_right(sizes, sharing.most)
            taken, self.waiting = [ticket, *self.waiting[:others]], self.waiting[others:]
            self.is_crowded = len(taken) > 1
        return taken

    def pass_on(self) -> None:
        """Call whoever came first since."""
        with self.guard:
            if self.waiting:
                self.waiting.pop(0).called.set()
            else:
                self.storing -= 1


SINGLES = Sharing()
_lines: dict[Hashable, _Line] = {}
_of_lines = Lock()

Kept = TypeVar("Kept")
Store = Callable[[list[Any]], Sequence[Any]]


def together(who: Hashable, item: Sized, store: Store, sharing: Sharing = SINGLES) -> Any:
    """Have `store` keep `item`, with others' that wait, and give its answer once that is committed.

    `store` takes items and gives an answer for each; it works in the transaction of whoever calls it, who must stand
    in the same scope as all others of `who`. What the caller did before is committed first, so that nobody holds a
    connection while waiting. Raises what storing this item alone raises.
    """
    if db.session.registry.has():
        db.session.commit()
    with _of_lines:
        line = _lines.setdefault(who, _Line())
    ticket = _Ticket(item)
    line.join(ticket, sharing.at_once)
    ticket.called.wait()
    if not ticket.is_over:
        try:
            with sharing.turn():
                _keep(line.with_next(ticket, sharing), store)
        finally:
            line.pass_on()
    if ticket.error is not None:
        raise ticket.error
    return ticket.answer


def alone(store: Callable[[], Kept], tries: int = TRIES) -> Kept:
    """Have `store` keep something, commit it and give what `store` gave; once more where two writers were in each
    other's way."""
    try:
        kept = store()
        db.session.commit()
    except (OperationalError, psycopg.OperationalError) as error:
        if tries == 1 or not isinstance(getattr(error, "orig", error), DeadlockDetected):
            raise
        _log.info("stored_once_more", tries_left=tries - 1)
        _let_go()
        return alone(store, tries - 1)
    return kept


def _keep(batch: Sequence[_Ticket], store: Store) -> None:
    """Store a batch in one commit; where that fails, each alone, so that one bad item harms no other."""
    try:
        answers = alone(lambda: store([ticket.item for ticket in batch]))
    except Exception as error:  # noqa: BLE001 - whatever went wrong belongs to the tickets, not to whose turn it was
        _let_go()
        if len(batch) > 1:
            for ticket in batch:
                _keep([ticket], store)
            return
        _tell(batch[0], None, error)
        return
    for ticket, answer in zip(batch, answers, strict=True):
        _tell(ticket, answer)


def _tell(ticket: _Ticket, answer: Any, error: Exception | None = None) -> None:
    ticket.answer, ticket.error, ticket.is_over = answer, error, True
    ticket.called.set()


def _let_go() -> None:
    """Roll back; where the connection is lost that fails too, and those who wait must hear of it all the same."""
    with suppress(SQLAlchemyError, psycopg.Error):
        db.session.rollback()
