"""Delivers what is due for one subscriber, for a while: then others have their turn."""

from time import monotonic

from flask import current_app

from app.announcements.delivery.claiming import claim
from app.announcements.delivery.recording import record
from app.announcements.delivery.sending import send
from app.core import queue
from app.core.clock import utc_now
from app.core.queue import Lease
from app.extensions import db

TURN_SECONDS = 20


def run(_lease: Lease, *, subscriber_id: int) -> None:
    config, ends = current_app.config["PERENNIAL"], monotonic() + TURN_SECONDS
    while parcel := claim(subscriber_id, utc_now()):
        db.session.commit()
        outcome = send(parcel, config, utc_now())
        record(parcel, outcome, utc_now(), config.base_url)
        db.session.commit()
        if monotonic() > ends:
            queue.defer("deliver", unique_key=f"{subscriber_id}", subscriber_id=subscriber_id)
            break
