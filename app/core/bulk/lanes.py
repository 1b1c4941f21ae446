"""Work done side by side: reading in several transactions, and writing while the next is being made."""

import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from threading import Event, Lock
from typing import Any, TypeVar

from flask import current_app
from sqlalchemy import text

from app.core import tenancy
from app.extensions import db

AHEAD = 3  # writes that may wait for the one under way: no more, so that memory does not grow
TURN_S = 0.0005  # who computes lets others send their next statement; in Python's 5 ms PostgreSQL stands idle
Each = TypeVar("Each")
Found = TypeVar("Found")


def read_in_lanes(read: Callable[[Each], Found], over: Sequence[Each], lanes: int) -> Iterator[Found]:
    """Read for each of many, in `lanes` threads at once; gives what was found in their order.

    With more than one lane each reads in a transaction of its own, which sees only what is committed and cannot write.
    """
    if lanes == 1 or len(over) == 1:
        yield from map(read, over)
        return
    app, workspace_id = current_app._get_current_object(), tenancy.workspace_id()  # type: ignore[attr-defined]  # noqa: SLF001

    def read_apart(each: Each) -> Found:
        with app.app_context(), tenancy.workspace(workspace_id):
            db.session.execute(text("SET TRANSACTION READ ONLY"))
            db.session.execute(text("SET LOCAL max_parallel_workers_per_gather = 0"))  # the lanes are the workers
            return read(each)

    with _turns.short(), ThreadPoolExecutor(lanes) as pool:
        yield from pool.map(read_apart, over)


@contextmanager
def writing_behind(*, is_apart: bool = True) -> Iterator[Callable[..., None]]:
    """Give a function that has its argument, a write with what it takes, done in the present transaction while the
    block goes on without the database; not `is_apart`, at once.
    """
    if not is_apart:
        yield lambda write, *given: write(*given)
        return
    before: deque[Future[None]] = deque()
    stopped = Event()

    def do(write: Callable[..., None], *given: Any) -> None:
        if not stopped.is_set():
            stopped.set()  # should this one fail: nothing is written after it
            write(*given)
            stopped.clear()

    def hand_over(write: Callable[..., None], *given: Any) -> None:
        _settle(before, down_to=AHEAD)
        before.append(writer.submit(copy_context().run, do, write, *given))

    with _turns.short(), ThreadPoolExecutor(1) as writer:
        yield hand_over
        _settle(before)


class _Turns:
    """Makes turns short as long as anybody asks for it."""

    def __init__(self) -> None:
        self._lock, self._asking, self._usual = Lock(), 0, sys.getswitchinterval()

    @contextmanager
    def short(self) -> Iterator[None]:
        """Have turns short inside the block."""
        self._ask(1)
        try:
            yield
        finally:
            self._ask(-1)

    def _ask(self, more: int) -> None:
        with self._lock:
            if not self._asking:
                self._usual = sys.getswitchinterval()
            self._asking += more
            sys.setswitchinterval(TURN_S if self._asking else self._usual)


_turns = _Turns()


def _settle(before: deque[Future[None]], down_to: int = 0) -> None:
    """Wait for the oldest writes, and raise what one of them raised."""
    while len(before) > down_to:
        before.popleft().result()
