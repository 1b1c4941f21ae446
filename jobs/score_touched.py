"""Scores accounts whose facts changed since they were last scored."""

from app.accounts.intake import touching
from app.core import queue
from app.core.clock import utc_now
from app.core.queue import Lease
from app.extensions import db
from app.forecast.deriving import derive_some
from app.health import dating
from app.identity.models import Workspace

BATCH = 2_000


def run(lease: Lease) -> None:
    """Score what is touched by now; what is touched meanwhile is the next job's, so that no book holds a worker."""
    found = BATCH
    while found >= BATCH:
        claimed = touching.claim_touched(BATCH) if touching.is_alone() else None
        found = len(claimed.account_ids) if claimed else 0
        if claimed and found:
            workspace = db.session.get_one(Workspace, lease.workspace_id)
            derive_some(workspace, dating.settle(workspace, utc_now()), claimed.account_ids)
            touching.note_round(claimed, utc_now())
            queue.defer("announce", unique_key="scored")
        if found or claimed is None:
            touching.ask_for_scoring(utc_now())  # whoever found this job still waiting may commit only now
        db.session.commit()
