"""Enrols the accounts that meet a playbook's trigger, ends what is over, warns of a model that no longer fits."""

from app.core.clock import utc_now
from app.core.queue import Lease
from app.extensions import db
from app.identity.guard import day_of
from app.identity.models import Workspace
from app.playbooks.matching import match
from app.playbooks.tasks.warning import warn_of_model


def run(lease: Lease) -> None:
    now = utc_now()
    today = day_of(db.session.get_one(Workspace, lease.workspace_id), now)
    match(now, today)
    warn_of_model(today, now)
