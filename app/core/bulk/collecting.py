"""Python's garbage collector, put off while many plain rows are made that cannot refer in circles."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Collect no garbage within: looking through a growing heap again and again costs a sixth of a scoring."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
