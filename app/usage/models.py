"""Usage, as rows."""

from datetime import date, datetime

from sqlalchemy import Index, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Double, Integer

from app.core.tenancy import Tenant, TenantKey, refers_to
from app.extensions import db

DAYS = 31


class Meter(Tenant, db.Model):
    """Something counted. kind: `sum` adds quantities, `max` keeps the day's largest, at least 0 (seats in use)."""

    __tablename__ = "meter"
    code: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(default="sum", server_default="sum")
    unit: Mapped[str] = mapped_column(default="", server_default="")
    position: Mapped[int] = mapped_column(default=0, server_default="0")
    is_core: Mapped[bool] = mapped_column(default=False, server_default="false")
    last_seen_at: Mapped[datetime | None]
    __table_args__ = (UniqueConstraint("workspace_id", "code"),)


class UsageEvent(TenantKey, db.Model):
    """One thing that happened, kept once by (source, event id) however often and late it is sent."""

    __tablename__ = "usage_event"
    source: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[int]
    meter_id: Mapped[int]
    happened_at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    quantity: Mapped[float] = mapped_column(Double)
    person: Mapped[str | None]
    __table_args__ = (refers_to("account", "account_id"), refers_to("meter", "meter_id"))


class DailyUsage(TenantKey, db.Model):
    """An account's month on a meter: 31 daily totals. A row of fixed width is folded in place and read by stride."""

    __tablename__ = "daily_usage"
    account_id: Mapped[int] = mapped_column(primary_key=True)
    meter_id: Mapped[int] = mapped_column(primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    totals: Mapped[list[float]] = mapped_column(ARRAY(Double))
    __table_args__ = (
        refers_to("account", "account_id"),
        refers_to("meter", "meter_id"),
        Index("ix_daily_usage_month", "workspace_id", "month", "account_id"),
    )


class UserMonth(TenantKey, db.Model):
    """The days of a month on which a person of an account was active, bit d−1 for day d: distinct users over any
    window are a count of rows, and a late or repeated event changes nothing twice."""

    __tablename__ = "user_month"
    account_id: Mapped[int] = mapped_column(primary_key=True)
    person: Mapped[str] = mapped_column(primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    days: Mapped[int] = mapped_column(Integer)
    __table_args__ = (
        refers_to("account", "account_id"),
        Index("ix_user_month_month", "workspace_id", "month", "account_id"),
    )


class TouchedAccount(TenantKey, db.Model):
    """An account whose facts changed since it was last scored: the left tells the right by a row."""

    __tablename__ = "touched_account"
    account_id: Mapped[int] = mapped_column(primary_key=True)
    touched_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (refers_to("account", "account_id"), Index("ix_touched_at", "workspace_id", "touched_at"))


class UsageSource(TenantKey, db.Model):
    """A sender of usage: when it was last heard, and what became of what it sent."""

    __tablename__ = "usage_source"
    name: Mapped[str] = mapped_column(primary_key=True)
    last_seen_at: Mapped[datetime]
    accepted: Mapped[int] = mapped_column(server_default="0")
    duplicates: Mapped[int] = mapped_column(server_default="0")
    rejected: Mapped[int] = mapped_column(server_default="0")
