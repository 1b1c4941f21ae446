"""Scores accounts whose facts changed since they were last scored."""

from app.accounts import summarising, touching
from app.core import queue
from app.core.clock import utc_now
from app.core.queue import Lease
from app.extensions import db
from app.health import dating, scoring
from app.identity.models import Workspace
from app.usage import summarising as usage_summarising

BATCH = 2_000


def run(lease: Lease) -> None:
    while True:
        if not touching.is_alone():
            return touching.ask_for_scoring(utc_now())
        if not (claimed := touching.claim_touched(BATCH)).account_ids:
            return None
        workspace = db.session.get_one(Workspace, lease.workspace_id)
        as_of = dating.settle(workspace, utc_now())
        summarising.refresh(claimed.account_ids, as_of)
        usage_summarising.refresh(claimed.account_ids, as_of)
        scoring.score_accounts(workspace, as_of, claimed.account_ids)
        summarising.count_book()
        touching.note_round(claimed, utc_now())
        queue.defer("announce", unique_key="scored")
        db.session.commit()
