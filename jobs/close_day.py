"""Closes a day: everything derived, as of the day that has ended."""

from datetime import timedelta

from app.core import queue
from app.core.clock import day_in, utc_now
from app.core.queue import Lease
from app.extensions import db
from app.forecast.deriving import READING_LANES, derive
from app.health import dating
from app.identity.models import Workspace


def run(lease: Lease) -> None:
    workspace = db.session.get_one(Workspace, lease.workspace_id)
    now = utc_now()
    ended = day_in(workspace.time_zone, now) - timedelta(days=1)
    derive(workspace, min(dating.settle(workspace, now), ended), lease.progress, READING_LANES)
    queue.defer("announce", unique_key="scored")
