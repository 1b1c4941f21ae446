"""Work done side by side: reading in several transactions, and writing while the next is being made."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any, TypeVar

from flask import current_app
from sqlalchemy import text

from app.core import tenancy
from app.extensions import db

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

    with ThreadPoolExecutor(lanes) as pool:
        yield from pool.map(read_apart, over)


@contextmanager
def writing_behind(*, is_apart: bool = True) -> Iterator[Callable[..., None]]:
    """Give a function that has its argument, a write with what it takes, done in the present transaction while the
    block goes on without the database; not `is_apart`, at once.
    """
    if not is_apart:
        yield lambda write, *given: write(*given)
        return
    before: list[Future[None]] = []

    def hand_over(write: Callable[..., None], *given: Any) -> None:
        _settle(before)
        before.append(writer.submit(copy_context().run, write, *given))

    with ThreadPoolExecutor(1) as writer:
        yield hand_over
        _settle(before)


def _settle(before: list[Future[None]]) -> None:
    while before:
        before.pop().result()
