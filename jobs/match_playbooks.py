"""Enrols the accounts that meet a playbook's trigger, and ends the enrolments that are over."""

from app.core.clock import utc_now
from app.core.queue import Lease
from app.extensions import db
from app.identity.guard import day_of
from app.identity.models import Workspace
from app.playbooks.matching import match


def run(lease: Lease) -> None:
    now = utc_now()
    match(now, day_of(db.session.get_one(Workspace, lease.workspace_id), now))
