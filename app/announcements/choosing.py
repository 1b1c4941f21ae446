"""What a member wants to be told by mail: their own choice, for themselves alone."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.announcements.events import EVENTS
from app.announcements.leaving import leave
from app.announcements.models import PACES, RISK_THRESHOLD, Subscriber
from app.announcements.subscribing import types_among
from app.extensions import db
from app.identity.refusals import Refusal

OFF = "off"
OWN_TYPES = tuple(code for code in EVENTS if code != "forecast.changed")
"""What is chosen at first: the forecast belongs to no account, so only whoever follows the whole book gets it."""


def choose(
    user_id: int, pace: str, types: Sequence[str], now: datetime, *, whole_book: bool, threshold: float = RISK_THRESHOLD
) -> None:
    """Keep what a member chose. Raises Refusal naming the field."""
    if pace == OFF:
        leave(user_id)
        return
    if pace not in PACES:
        raise Refusal("pace", "Choose how often you want letters.")
    if not 0.01 <= threshold <= 0.99:
        raise Refusal("risk_threshold", "Give a share from 1 to 99 %.")
    chosen = types_among(types)
    new = insert(Subscriber).values(kind="mail", name="Letters", user_id=user_id, created_at=now, types=chosen)
    db.session.execute(new.on_conflict_do_nothing())
    letters = db.session.scalars(_letters_of(user_id)).one()
    letters.pace, letters.types, letters.whole_book, letters.risk_threshold = pace, chosen, whole_book, threshold
    db.session.flush()


def find_letters(user_id: int) -> Subscriber | None:
    """Give what a member chose, or None when they want no letters."""
    found: Subscriber | None = db.session.scalars(_letters_of(user_id)).one_or_none()
    return found


def _letters_of(user_id: int) -> Any:
    return select(Subscriber).where(Subscriber.kind == "mail", Subscriber.user_id == user_id)
