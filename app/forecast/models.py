"""Renewals ahead and the snapshots of what was expected of them, as rows."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Computed, Index, func
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Double

from app.core.tenancy import Tenant, TenantKey, refers_to
from app.extensions import Model

CALLS = ("commit", "likely", "at risk", "lost")


class RenewalForecast(TenantKey, Model):
    """A renewal that lies ahead, as the newest forecast sees it."""

    __tablename__ = "renewal_forecast"
    account_id: Mapped[int] = mapped_column(primary_key=True)
    renews_on: Mapped[date] = mapped_column(primary_key=True)
    arr_minor: Mapped[int]
    probability: Mapped[float] = mapped_column(Double)
    basis: Mapped[str]
    expected_minor: Mapped[int]
    at_risk_minor: Mapped[int] = mapped_column(Computed("arr_minor - expected_minor", persisted=True))
    projected_on: Mapped[date]
    __table_args__ = (
        refers_to("account", "account_id"),
        Index("ix_renewal_forecast_on", "workspace_id", "renews_on", "account_id"),
    )


class RenewalCall(Tenant, Model):
    """A manager's own call on a renewal; the newest one counts, the earlier ones are kept to be scored."""

    __tablename__ = "renewal_call"
    account_id: Mapped[int]
    renews_on: Mapped[date]
    category: Mapped[str]
    amount_minor: Mapped[int]
    reason: Mapped[str]
    made_by: Mapped[int]
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        refers_to("account", "account_id"),
        Index("ix_renewal_call_account", "workspace_id", "account_id", "renews_on", "made_at"),
    )


class ForecastSnapshot(TenantKey, Model):
    """What was expected of a quarter on a day. Never changed afterwards, so that it can be held against the outcome."""

    __tablename__ = "forecast_snapshot"
    taken_on: Mapped[date] = mapped_column(primary_key=True)
    quarter: Mapped[date] = mapped_column(primary_key=True)
    due_minor: Mapped[int]
    booked_minor: Mapped[int]
    lost_minor: Mapped[int]
    p10_minor: Mapped[int]
    p50_minor: Mapped[int]
    p90_minor: Mapped[int]
    called_minor: Mapped[int | None]
    renewals: Mapped[int]
    detail: Mapped[dict[str, Any]]
    taken_at: Mapped[datetime] = mapped_column(server_default=func.now())
