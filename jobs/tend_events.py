"""Makes the partitions of the months ahead, drops those whose time is over, forgets what need be known no longer."""

from datetime import timedelta

from flask import current_app

from app.connectors.webhooks import receiving
from app.core.clock import utc_now
from app.core.queue import Lease
from app.extensions import db
from app.health.knowing import hindsight
from app.usage.intake import holding
from app.usage.ledger import partitions


def run(_lease: Lease) -> None:
    now, config = utc_now(), current_app.config["PERENNIAL"]
    partitions.make_ahead(now.date())
    if config.keep_events_days:
        over = now - timedelta(days=config.keep_events_days)
        partitions.drop_before(over.date())
        while receiving.forget_before(over) == receiving.AT_ONCE:
            db.session.commit()
    holding.forget_before(now - holding.KEEP_FOR)
    hindsight.forget_before(now - hindsight.KEEP_FOR)
