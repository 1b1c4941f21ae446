"""Replays a scorecard on trial over the past year."""

from app.core.clock import utc_now
from app.core.queue import Lease
from app.extensions import db
from app.health import dating
from app.health.cards import publishing, replaying
from app.identity.models import Workspace


def run(lease: Lease, *, trial_id: int) -> None:
    workspace = db.session.get_one(Workspace, lease.workspace_id)
    trial = publishing.get_trial(trial_id)
    replaying.replay(trial, workspace, dating.settle(workspace, utc_now()), lease.progress)
