"""Brings summaries up to date and scores the whole book, e.g. after an import."""

from app.accounts import movements, summarising
from app.core.clock import utc_now
from app.core.queue import Lease
from app.extensions import db
from app.forecast import projecting
from app.health import dating, scoring
from app.identity.models import Workspace
from app.usage import summarising as usage_summarising


def run(lease: Lease) -> None:
    workspace = db.session.get_one(Workspace, lease.workspace_id)
    now = utc_now()
    lease.progress(0, None, "Adding up revenue")
    movements.rebuild()
    as_of = dating.settle(workspace, now)
    summarising.refresh(None, as_of)
    lease.progress(0, None, "Adding up usage")
    usage_summarising.refresh(None, as_of)
    scoring.score_accounts(workspace, as_of, progress=lease.progress)
    projecting.project(workspace, as_of)
