"""Trains the models of churn and of moves when a week has passed since the last training, and scores with them."""

from datetime import timedelta

from app.core import queue
from app.core.clock import day_in, utc_now
from app.core.queue import Lease
from app.extensions import db
from app.health import dating, queries
from app.health.model import learning
from app.health.moves.learning import train_moves
from app.identity.models import Workspace

EVERY = timedelta(days=7)


def run(lease: Lease, *, asked: bool = False) -> None:
    workspace = db.session.get_one(Workspace, lease.workspace_id)
    now = utc_now()
    as_of = min(dating.settle(workspace, now), day_in(workspace.time_zone, now) - timedelta(days=1))
    latest = queries.find_latest_model()
    if asked or latest is None or as_of - latest.trained_on >= EVERY:
        learning.train(workspace, as_of, progress=lease.progress)
        train_moves(workspace, as_of, progress=lease.progress)
        queue.defer("score_accounts", unique_key="all")
