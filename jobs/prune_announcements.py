"""Forgets what was announced a month ago."""

from app.announcements.announcing import forget_old
from app.core.clock import utc_now
from app.core.queue import Lease


def run(_lease: Lease) -> None:
    forget_old(utc_now())
