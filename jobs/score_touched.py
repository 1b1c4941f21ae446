"""Scores accounts whose facts changed since they were last scored."""

from app.accounts import summarising
from app.core import queue
from app.core.clock import utc_now
from app.core.queue import Lease
from app.extensions import db
from app.health import dating, scoring
from app.identity.models import Workspace
from app.usage import summarising as usage_summarising
from app.usage.touching import claim_touched

BATCH = 2_000


def run(lease: Lease) -> None:
    workspace = db.session.get_one(Workspace, lease.workspace_id)
    while touched := claim_touched(BATCH):
        as_of = dating.settle(workspace, utc_now())
        summarising.refresh(touched, as_of)
        usage_summarising.refresh(touched, as_of)
        scoring.score_accounts(workspace, as_of, touched)
        summarising.count_book()
        queue.defer("announce", unique_key="scored")
        db.session.commit()
