"""Answers kept to be given again, as rows."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.tenancy import TenantKey
from app.extensions import Model


class IdempotentAnswer(TenantKey, Model):
    """What was answered to a key's request that named itself, kept for a day in the transaction of its change."""

    __tablename__ = "idempotent_answer"
    api_key_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    status: Mapped[int]
    headers: Mapped[dict[str, Any]]
    body: Mapped[str]
    answered_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (Index("ix_idempotent_answer_at", "workspace_id", "answered_at"),)
