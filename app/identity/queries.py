"""What the settings pages show."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Row, select, text

from app.core import tenancy
from app.extensions import db
from app.identity.models import ApiKey, AuditEntry, Invitation, Membership, User

PAGE = 50


class Trail(NamedTuple):
    """A page of the audit trail, newest first, and where the next begins."""

    entries: list[AuditEntry]
    next_id: int | None


def people() -> list[Row[tuple[User, Membership]]]:
    """Give the people of the workspace by name. The filter is needed: one's own places elsewhere are visible too."""
    query = (
        select(User, Membership)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.workspace_id == tenancy.workspace_id())
        .order_by(User.name, User.id)
    )
    return list(db.session.execute(query))


def open_invitations(now: datetime) -> list[Invitation]:
    """Give what has been offered and neither accepted nor expired, newest first."""
    query = select(Invitation).where(Invitation.accepted_at.is_(None), Invitation.expires_at > now)
    return list(db.session.execute(query.order_by(Invitation.id.desc())).scalars())


def keys() -> list[ApiKey]:
    """Give all keys, the live ones first."""
    query = select(ApiKey).order_by(ApiKey.revoked_at.is_not(None), ApiKey.id.desc())
    return list(db.session.execute(query).scalars())


def trail(before_id: int | None) -> Trail:
    """Give a page of the audit trail that lies before an entry."""
    query = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(PAGE + 1)
    if before_id is not None:
        query = query.where(AuditEntry.id < before_id)
    found = list(db.session.execute(query).scalars())
    return Trail(found[:PAGE], found[PAGE - 1].id if len(found) > PAGE else None)


def has_money() -> bool:
    """Say whether amounts are kept already, whose currency may then not change.

    Asks two tables of `accounts` by name, for identity stands to its left and may not import it.
    """
    query = text("SELECT EXISTS (SELECT FROM subscription) OR EXISTS (SELECT FROM invoice)")
    return bool(db.session.execute(query).scalar())
