"""Switches a subscriber off that takes nothing any more, and tells the admins."""

from datetime import datetime

from sqlalchemy import select, update

from app.announcements.models import Delivery, Subscriber
from app.core import queue
from app.extensions import db
from app.identity.models import Membership, User, Workspace


def give_up(subscriber: Subscriber, why: str, now: datetime, base_url: str) -> None:
    """Switch a subscriber off with the reason, and write to every admin."""
    switch_off(subscriber, why, now)
    workspace = db.session.get_one(Workspace, subscriber.workspace_id)
    link = f"{base_url}/settings/notifications/{subscriber.id}"
    subject = " ".join(f"{workspace.name}: “{subscriber.name}” is no longer told anything".split())
    for name, email in _admins(workspace.id):
        queue.defer(
            "send_mail",
            to=email,
            subject=subject,
            body=f"Hello {name},\n\n“{subscriber.name}” was switched off. {why}\n\n"
            f"Mend the other side, then switch it on and send what failed again:\n{link}\n",
        )


def switch_off(subscriber: Subscriber, why: str, now: datetime) -> None:
    """Tell a subscriber nothing from here on; what waits is dropped, and can be sent again by hand."""
    subscriber.disabled_at, subscriber.disabled_why = now, why
    waiting = (Delivery.subscriber_id == subscriber.id, Delivery.state == "waiting")
    db.session.execute(update(Delivery).where(*waiting).values(state="dropped", finished_at=now))
    db.session.flush()


def _admins(workspace_id: int) -> list[tuple[str, str]]:
    query = (
        select(User.name, User.email)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.workspace_id == workspace_id, Membership.role == "admin")
        .order_by(User.id)
    )
    return [(row.name, row.email) for row in db.session.execute(query)]
