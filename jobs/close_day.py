"""Closes a day: everything derived, as of the day that has ended; who was scored as of today already, is so again."""

from datetime import timedelta

from app.accounts.intake import touching
from app.core import queue
from app.core.clock import day_in, utc_now
from app.core.queue import Lease
from app.extensions import db
from app.forecast.deriving import READING_LANES, derive
from app.health import dating, queries
from app.identity.models import Workspace


def run(lease: Lease) -> None:
    workspace = db.session.get_one(Workspace, lease.workspace_id)
    now = utc_now()
    ended = day_in(workspace.time_zone, now) - timedelta(days=1)
    as_of = min(dating.settle(workspace, now), ended)
    derive(workspace, as_of, lease.progress, READING_LANES)
    touching.touch(queries.scored_after(as_of), now)
    queue.defer("announce", unique_key="scored")
