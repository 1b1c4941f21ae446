"""Counts by a new rule what is kept of the past."""

from app.core.clock import utc_now
from app.core.queue import Lease
from app.extensions import db
from app.identity.models import Workspace
from app.usage.backfilling import backfill
from app.usage.metering import find_rule


def run(lease: Lease, *, rule_id: int) -> None:
    after, looked = None, 0
    while rule := find_rule(rule_id):
        zone = db.session.get_one(Workspace, lease.workspace_id).time_zone
        seen, after = backfill(rule, zone, utc_now(), after)
        if seen == 0:
            break
        db.session.commit()
        looked += seen
        lease.progress(looked, None, f"{looked:,} kept events looked at")
