"""Workspaces, the people and keys that may enter them, and the trail of what they changed."""

from datetime import date, datetime
from typing import Any

from flask_login import UserMixin
from sqlalchemy import ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from app.core.tenancy import Tenant, TenantKey
from app.extensions import Model


class Workspace(Model):
    """One company's book. Its name is all that stands outside row security.

    `book_day`: the day the book is read as of, when its newest fact is old (an export of last year); else today.
    """

    __tablename__ = "workspace"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    time_zone: Mapped[str] = mapped_column(default="UTC")
    currency: Mapped[str] = mapped_column(default="USD")
    is_demo: Mapped[bool] = mapped_column(default=False)
    book_day: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class User(UserMixin, Model):  # type: ignore[misc] # Flask-Login has no types
    """A person. `session_version` is in their cookie: raising it signs them out everywhere."""

    __tablename__ = "user"
    __table_args__ = (Index("uq_user_email", text("lower(email)"), unique=True),)
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]
    name: Mapped[str]
    password_hash: Mapped[str | None]
    session_version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    def get_id(self) -> str:
        return f"{self.id}.{self.session_version}"


class Membership(TenantKey, Model):
    """A person's place in a workspace."""

    __tablename__ = "membership"
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (Index("ix_membership_user", "user_id"),)


class Invitation(Tenant, Model):
    """A place offered by mail; the link carries the workspace and a secret of which we keep the hash."""

    __tablename__ = "invitation"
    email: Mapped[str]
    role: Mapped[str]
    secret_hash: Mapped[str]
    invited_by: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    __table_args__ = (UniqueConstraint("workspace_id", "secret_hash"),)


class PasswordReset(Model):
    """A one-time way to a new password; we keep only the hash of its secret."""

    __tablename__ = "password_reset"
    secret_hash: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class ApiKey(Tenant, Model):
    """A machine's way in: `prn_<workspace>_<secret>`, of which we keep a hash and the first letters."""

    __tablename__ = "api_key"
    name: Mapped[str]
    prefix: Mapped[str]
    secret_hash: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_by: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    __table_args__ = (UniqueConstraint("workspace_id", "secret_hash"),)


class AuditEntry(Tenant, Model):
    """Who changed what, when, from what to what."""

    __tablename__ = "audit_entry"
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    actor_id: Mapped[int | None]
    actor: Mapped[str]
    act: Mapped[str]
    subject: Mapped[str]
    subject_id: Mapped[int | None]
    changes: Mapped[dict[str, Any]]
    __table_args__ = (Index("ix_audit_entry_at", "workspace_id", "at"),)
