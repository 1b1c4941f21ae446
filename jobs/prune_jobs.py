"""Forgets jobs that ended well a week ago."""

from app.core import queue
from app.core.clock import utc_now
from app.core.queue import Lease


def run(_lease: Lease) -> None:
    queue.prune(utc_now())
