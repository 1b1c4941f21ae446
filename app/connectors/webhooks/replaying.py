"""Brings deliveries into the book once more, after the cause of their failing was mended."""

from sqlalchemy import text, update

from app.connectors.webhooks.models import UNFINISHED, WebhookDelivery
from app.connectors.webhooks.queries import get_delivery
from app.core import queue
from app.core.problems import Problem
from app.extensions import db


def replay(delivery_id: int) -> WebhookDelivery:
    """Have one delivery taken apart anew, whatever became of it before. Raises NotFoundError; Problem if forgotten."""
    delivery = get_delivery(delivery_id, for_update=True)  # or its words are forgotten meanwhile
    if delivery.body is None:
        detail = "The message was forgotten when its time was over. What it said stays in the book."
        raise Problem(409, detail, "forgotten")
    delivery.state, delivery.reason, delivery.note = "waiting", None, None
    queue.defer("normalise_deliveries")
    return delivery


def replay_unfinished(source_id: int) -> int:
    """Have everything of a source that is held or failed taken apart anew. Gives how many there are."""
    changed = db.session.execute(
        update(WebhookDelivery)
        .where(WebhookDelivery.source_id == source_id, WebhookDelivery.state.in_(UNFINISHED))
        .values(state="waiting", reason=None, note=None)
        .returning(text("1"))
    ).all()
    if changed:
        queue.defer("normalise_deliveries")
    return len(changed)
