"""Announces what happened since the last time, and asks for everything that is due to be delivered."""

from flask import current_app

from app.announcements.addressing import due_subscribers
from app.announcements.announcing import announce
from app.announcements.events.event import AT_MOST
from app.core import queue
from app.core.clock import utc_now
from app.core.queue import Lease
from app.extensions import db
from app.identity.models import Workspace


def run(lease: Lease) -> None:
    now = utc_now()
    workspace, config = db.session.get_one(Workspace, lease.workspace_id), current_app.config["PERENNIAL"]
    if announce(workspace, now, config.base_url) >= AT_MOST:
        queue.defer("announce", unique_key="more")
    for subscriber_id in due_subscribers(now):
        queue.defer("deliver", unique_key=f"{subscriber_id}", subscriber_id=subscriber_id)
