"""Forgets jobs that ended well a week ago, and what the REST API answered more than a day ago."""

from app.core import queue
from app.core.clock import utc_now
from app.core.queue import Lease
from app.core.rest import replaying


def run(_lease: Lease) -> None:
    queue.prune(utc_now())
    replaying.prune(utc_now())
