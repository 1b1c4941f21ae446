"""Keeps time: claims what is due, frees what a lost worker held. Any number may run; each period happens once.

python -m jobs.timekeeper
"""

import os
import signal
import sys
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

TICK_SECONDS = 5
_log = structlog.get_logger()


def tick() -> None:
    """Do one round."""
    now = utc_now()
    workspaces = [(row.id, row.time_zone) for row in db.session.execute(select(Workspace.id, Workspace.time_zone))]
    db.session.commit()
    timetable.claim_due(TIMETABLE, workspaces, now)
    with tenancy.dispatching():
        queue.reap()
    timetable.beat(f"timekeeper-{os.getpid()}", "timekeeper", now)


def main() -> None:
    """Keep time until told to stop; while the database is away, wait for it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    app = create_app()
    while True:
        try:
            with app.app_context():
                tick()
        except OperationalError as error:
            _log.warning("timekeeper_waits", error=str(error.orig))
        sleep(TICK_SECONDS)


if __name__ == "__main__":
    main()
