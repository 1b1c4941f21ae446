"""Scores the whole book anew, e.g. after an import; the first time, it trains the model before."""

from app.accounts.intake.touching import forget_touched
from app.core import queue
from app.core.clock import utc_now
from app.core.queue import Lease
from app.extensions import db
from app.forecast.deriving import READING_LANES, derive
from app.health import dating, queries
from app.health.model import learning
from app.identity.models import Workspace


def run(lease: Lease) -> None:
    workspace = db.session.get_one(Workspace, lease.workspace_id)
    as_of = dating.settle(workspace, utc_now())
    if queries.find_latest_model() is None:
        learning.train(workspace, as_of, progress=lease.progress)
        db.session.commit()
    forget_touched()
    derive(workspace, as_of, lease.progress, READING_LANES)
    queue.defer("announce", unique_key="scored")
