"""Keeps a manager's own call on a renewal beside the model's figure."""

from datetime import date, datetime

from app.core.problems import Problem
from app.extensions import db
from app.forecast.models import CALLS, RenewalCall

_LONGEST = 500


def call(
    account_id: int, renews_on: date, category: str, amount_minor: int, reason: str, by: int, now: datetime
) -> RenewalCall:
    """Write a call down; earlier ones stay, to be held against what happened. Raises Problem(400) naming the field."""
    if category not in CALLS:
        raise _wrong("category", f"`category` must be one of {', '.join(CALLS)}.")
    if not reason or len(reason) > _LONGEST:
        raise _wrong(
            "reason", f"`reason` must say why, in up to {_LONGEST} letters: it is what the call is learned from."
        )
    made = RenewalCall(account_id=account_id, renews_on=renews_on, category=category, reason=reason)
    made.amount_minor, made.made_by, made.made_at = 0 if category == "lost" else amount_minor, by, now
    db.session.add(made)
    db.session.flush()
    return made


def _wrong(field: str, why: str) -> Problem:
    return Problem(400, why, field, [{"pointer": f"/{field}", "detail": why}])
