"""Opens, replaces and closes a member's secret calendar address, `<workspace>-<256 random bits>`, kept as a hash."""

import secrets
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from app.announcements.models import CalendarFeed
from app.core import tenancy
from app.core.tenancy import Scope
from app.extensions import db
from app.identity.guard import hash_secret


def open_feed(user_id: int, now: datetime, *, whole_book: bool) -> str:
    """Give a member a new address, shown once; the one before ends at once."""
    secret = secrets.token_urlsafe(32)
    values = {"secret_hash": hash_secret(secret), "whole_book": whole_book, "made_at": now}
    query = insert(CalendarFeed).values(user_id=user_id, **values)
    db.session.execute(query.on_conflict_do_update(index_elements=("workspace_id", "user_id"), set_=values))
    return f"{tenancy.workspace_id()}-{secret}"


def close_feed(user_id: int) -> None:
    """End a member's address."""
    db.session.execute(delete(CalendarFeed).where(CalendarFeed.user_id == user_id))


def find_feed(presented: str) -> CalendarFeed | None:
    """Find the calendar behind an address, and put its workspace in force."""
    number, _, secret = presented.partition("-")
    if not (number.isascii() and number.isdecimal() and len(number) <= 18 and secret):
        return None
    tenancy.enter(Scope(workspace_id=int(number)))
    query = select(CalendarFeed).where(CalendarFeed.secret_hash == hash_secret(secret))
    found: CalendarFeed | None = db.session.scalars(query).one_or_none()
    if found is None:
        tenancy.enter(Scope())
    return found


def own_feed(user_id: int) -> CalendarFeed | None:
    """Give a member's calendar, if they have one."""
    query = select(CalendarFeed).where(CalendarFeed.user_id == user_id)
    found: CalendarFeed | None = db.session.scalars(query).one_or_none()
    return found
