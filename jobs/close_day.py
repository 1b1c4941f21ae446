"""Closes a day: summaries, scores, forecast and its snapshot, as of the day that has ended."""

from datetime import timedelta

from app.accounts import movements, summarising
from app.core.clock import day_in, utc_now
from app.core.queue import Lease
from app.extensions import db
from app.forecast import projecting
from app.health import dating, scoring
from app.identity.models import Workspace
from app.usage import summarising as usage_summarising


def run(lease: Lease) -> None:
    workspace = db.session.get_one(Workspace, lease.workspace_id)
    now = utc_now()
    as_of = dating.settle(workspace, now)
    as_of = min(as_of, day_in(workspace.time_zone, now) - timedelta(days=1))
    movements.rebuild()
    summarising.refresh(None, as_of)
    usage_summarising.refresh(None, as_of)
    db.session.commit()
    scoring.score_accounts(workspace, as_of, progress=lease.progress)
    db.session.commit()
    projecting.project(workspace, as_of)
    projecting.take_snapshot(workspace, as_of)
