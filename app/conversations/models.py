"""Interactions, as rows."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Double

from app.core.tenancy import Tenant, refers_to
from app.extensions import Model

CHANNELS = ("email", "phone", "chat", "ticket", "social", "community", "in_app", "meeting", "note")
DIRECTIONS = ("in", "out", "internal")


_SCORED = [
    "id", "recorded_at", "channel", "direction", "sentiment", "satisfaction", "priority", "resolved_at", "escalated",
    "reach",
]  # fmt: skip
"""What scoring reads of each account's interactions, found in the index: in the table they lie scattered."""
_OPEN = "channel = 'ticket' AND resolved_at IS NULL"


class Interaction(Tenant, Model):
    """One thing said: by the customer (in), to them (out), or about them among ourselves (internal)."""

    __tablename__ = "interaction"
    account_id: Mapped[int]
    contact_id: Mapped[int | None]
    source: Mapped[str]
    external_id: Mapped[str]
    channel: Mapped[str]
    direction: Mapped[str]
    subject: Mapped[str | None]
    body: Mapped[str | None]
    happened_at: Mapped[datetime]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())
    author: Mapped[str | None]
    sentiment: Mapped[float | None] = mapped_column(Double)
    sentiment_why: Mapped[dict[str, Any] | None]
    satisfaction: Mapped[float | None] = mapped_column(Double)
    priority: Mapped[str | None]
    escalated: Mapped[bool] = mapped_column(server_default="false", default=False)
    resolved_at: Mapped[datetime | None]
    reach: Mapped[int | None]
    thread: Mapped[str | None]
    stored_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    __table_args__ = (
        UniqueConstraint("workspace_id", "source", "external_id"),
        refers_to("account", "account_id"),
        refers_to("contact", "contact_id", ondelete="SET NULL"),
        Index("ix_interaction_account", "workspace_id", "account_id", "happened_at", postgresql_include=_SCORED),
        Index("ix_interaction_happened", "workspace_id", "happened_at"),
        Index(
            "ix_interaction_open",
            "workspace_id",
            "account_id",
            postgresql_where=text(_OPEN),
            postgresql_include=["id", "happened_at"],
        ),
        Index("ix_interaction_resolved", "workspace_id", "resolved_at", postgresql_where=text("channel = 'ticket'")),
    )
