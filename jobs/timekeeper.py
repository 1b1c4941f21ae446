"""Keeps time: claims what is due, frees what a lost worker held. Any number may run; each period happens once.

python -m jobs.timekeeper
"""

import os
import signal
import sys
from itertools import count
from time import sleep

import structlog
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from app import create_app
from app.core import queue, tenancy, timetable
from app.core.clock import utc_now
from app.extensions import db
from app.identity.models import Workspace
from jobs.timetable import TIMETABLE

TICK_SECONDS = 1
CLAIM_EVERY = 5  # ticks
_log = structlog.get_logger()


def tick(number: int) -> None:
    """Do one round: ring for the jobs that are due; every few rounds, look what the timetable says."""
    if number % CLAIM_EVERY == 0:
        _claim_due()
    with tenancy.dispatching():
        queue.reap()


def _claim_due() -> None:
    now = utc_now()
    workspaces = [(row.id, row.time_zone) for row in db.session.execute(select(Workspace.id, Workspace.time_zone))]
    db.session.commit()
    timetable.claim_due(TIMETABLE, workspaces, now)
    timetable.beat(f"timekeeper-{os.getpid()}", "timekeeper", now)


def main() -> None:
    """Keep time until told to stop; while the database is away, wait for it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    app = create_app()
    for number in count():
        try:
            with app.app_context():
                tick(number)
        except OperationalError as error:
            _log.warning("timekeeper_waits", error=str(error.orig))
        sleep(TICK_SECONDS)


if __name__ == "__main__":
    main()
