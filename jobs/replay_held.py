"""Replays what was held and may be counted now."""

from app.connectors.replaying import BATCH, replay
from app.core.clock import utc_now
from app.core.queue import Lease
from app.extensions import db
from app.identity.models import Workspace


def run(lease: Lease, *, reason: str | None = None, value: str | None = None) -> None:
    after, looked, settled, seen = 0, 0, 0, BATCH
    while seen == BATCH:
        workspace = db.session.get_one(Workspace, lease.workspace_id)
        seen, done, after = replay(workspace, utc_now(), reason, value, after)
        db.session.commit()
        looked, settled = looked + seen, settled + done
        lease.progress(settled, None, f"{settled:,} of {looked:,} held records count now")
