"""Brings deliveries of webhooks that wait into the book."""

from app.connectors.webhooks import normalising, receiving
from app.core.clock import utc_now
from app.core.queue import Lease
from app.extensions import db


def run(lease: Lease) -> None:
    receiving.let_receivers_finish()
    db.session.commit()
    done = 0
    while number := normalising.normalise(utc_now()):
        db.session.commit()
        done += number
        lease.progress(done, None, "Bringing webhooks into the book")
