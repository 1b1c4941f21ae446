"""Measures what became of the accounts whose playbooks' windows have closed."""

from app.core.clock import utc_now
from app.core.queue import Lease
from app.extensions import db
from app.identity.guard import day_of
from app.identity.models import Workspace
from app.playbooks.measuring import measure


def run(lease: Lease) -> None:
    now = utc_now()
    measure(day_of(db.session.get_one(Workspace, lease.workspace_id), now), now)
