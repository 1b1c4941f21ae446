"""Makes the partitions of the months ahead, drops those whose time is over, forgets what was held long ago."""

from datetime import timedelta

from flask import current_app

from app.core.clock import utc_now
from app.core.queue import Lease
from app.usage.intake import holding
from app.usage.ledger import partitions


def run(_lease: Lease) -> None:
    now, config = utc_now(), current_app.config["PERENNIAL"]
    partitions.make_ahead(now.date())
    if config.keep_events_days:
        partitions.drop_before((now - timedelta(days=config.keep_events_days)).date())
    holding.forget_before(now - holding.KEEP_FOR)
