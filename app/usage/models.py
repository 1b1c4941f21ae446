"""Usage, as rows."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Index, Sequence, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Double, Integer

from app.core.tenancy import Tenant, TenantKey, refers_to
from app.extensions import Model

DAYS = 31
_NUMBERS = "usage_batch_id_seq"  # an identity column cannot be partitioned before PostgreSQL 17


class Meter(Tenant, Model):
    """Something counted. kind: `sum` adds quantities, `max` keeps the day's largest, at least 0 (seats in use)."""

    __tablename__ = "meter"
    code: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(default="sum", server_default="sum")
    unit: Mapped[str] = mapped_column(default="", server_default="")
    position: Mapped[int] = mapped_column(default=0, server_default="0")
    is_core: Mapped[bool] = mapped_column(default=False, server_default="false")
    made_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    __table_args__ = (UniqueConstraint("workspace_id", "code"),)


class MeterRule(Tenant, Model):
    """Which events a meter counts, and how.

    `event_name` is exact, or `*` for every event of product analytics; `conditions` are properties that must be equal;
    `quantity_from` names a numeric property to add up, else each event counts 1.
    """

    __tablename__ = "meter_rule"
    meter_id: Mapped[int]
    event_name: Mapped[str]
    conditions: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))
    quantity_from: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        refers_to("meter", "meter_id"),
        UniqueConstraint("workspace_id", "meter_id", "event_name", "conditions"),
    )


class CountedEvent(TenantKey, Model):
    """The ledger: what was counted for an event, kept for ever, so that no repeat counts twice however late it comes
    and a correction takes back exactly what was counted. `key` is half the SHA-256 of the sender's event id."""

    __tablename__ = "counted_event"
    source_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    key: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[int]
    meter_id: Mapped[int]
    day: Mapped[date]
    quantity: Mapped[float] = mapped_column(Double)
    is_max: Mapped[bool]
    __table_args__ = (
        Index("ix_counted_event_max", "workspace_id", "account_id", "meter_id", "day", postgresql_where=text("is_max")),
    )


class UsageBatch(TenantKey, Model):
    """Events as they came, those that were stored together in a row, in a partition of its month: for people to look at
    and for new rules to count; old months may be dropped. A row an event cost twice as much to write.

    Each list holds a thing of each of the `size` events, in their order. A corrected event stands in a later row again.
    `names` and `properties` are what product analytics said, or, where `is_metered`, a metering system.
    """

    __tablename__ = "usage_batch"
    received_at: Mapped[datetime] = mapped_column(primary_key=True, server_default=func.now())
    id: Mapped[int] = mapped_column(
        BigInteger, Sequence(_NUMBERS), primary_key=True, server_default=text(f"nextval('{_NUMBERS}')")
    )
    source_id: Mapped[int] = mapped_column(Integer)
    size: Mapped[int] = mapped_column(Integer)
    is_metered: Mapped[bool]
    event_ids: Mapped[list[str]] = mapped_column(ARRAY(Text))
    account_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    meter_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    moments: Mapped[list[datetime]] = mapped_column(ARRAY(DateTime(timezone=True)))
    quantities: Mapped[list[float]] = mapped_column(ARRAY(Double))
    people: Mapped[list[str | None]] = mapped_column(ARRAY(Text))
    names: Mapped[list[str | None]] = mapped_column(ARRAY(Text))
    properties: Mapped[list[dict[str, Any] | None]] = mapped_column(ARRAY(JSONB))
    __table_args__ = ({"postgresql_partition_by": "RANGE (received_at)"},)


class DailyUsage(TenantKey, Model):
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
        {"postgresql_with": {"fillfactor": 70}},  # room to update a row where it stands
    )


class UserMonth(TenantKey, Model):
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
        {"postgresql_with": {"fillfactor": 90}},
    )


class LateUsage(Tenant, Model):
    """What changed a day's total after that day was over (lateness.py): the day as it was known is its total less what
    came later. `known_on`: the day from which it counts as known; `recorded_at`: when it was written down in truth."""

    __tablename__ = "late_usage"
    account_id: Mapped[int]
    meter_id: Mapped[int]
    day: Mapped[date]
    known_on: Mapped[date]
    quantity: Mapped[float] = mapped_column(Double)
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    __table_args__ = (
        refers_to("account", "account_id"),
        refers_to("meter", "meter_id"),
        Index("ix_late_usage_known", "workspace_id", "known_on", "account_id"),
        Index("ix_late_usage_account", "workspace_id", "account_id", "recorded_at"),
    )


class LatePerson(Tenant, Model):
    """The days of a month on which a person was noted after those days were over; `is_gone`: on which they no longer
    count, since they were told to be somebody else."""

    __tablename__ = "late_person"
    account_id: Mapped[int]
    person: Mapped[str]
    month: Mapped[date]
    days: Mapped[int] = mapped_column(Integer)
    is_gone: Mapped[bool] = mapped_column(server_default="false")
    known_on: Mapped[date]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    __table_args__ = (
        refers_to("account", "account_id"),
        Index("ix_late_person_known", "workspace_id", "known_on", "account_id"),
        Index("ix_late_person_account", "workspace_id", "account_id", "recorded_at"),
    )


class UsageSource(Tenant, Model):
    """A sender of usage, with what became of all that it sent up to the last fold of its intake."""

    __tablename__ = "usage_source"
    name: Mapped[str]
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    accepted: Mapped[int] = mapped_column(server_default="0")
    duplicates: Mapped[int] = mapped_column(server_default="0")
    rejected: Mapped[int] = mapped_column(server_default="0")
    __table_args__ = (UniqueConstraint("workspace_id", "name"),)


class Intake(Tenant, Model):
    """What became of one request of a source, until it is folded into its minute and the source's totals."""

    __tablename__ = "intake"
    source_id: Mapped[int]
    at: Mapped[datetime]
    accepted: Mapped[int] = mapped_column(Integer)
    duplicates: Mapped[int] = mapped_column(Integer)
    rejected: Mapped[int] = mapped_column(Integer)
    names: Mapped[dict[str, Any] | None]


class IntakeMinute(TenantKey, Model):
    """What came in from a source in a minute; kept for two days."""

    __tablename__ = "intake_minute"
    source_id: Mapped[int] = mapped_column(primary_key=True)
    minute: Mapped[datetime] = mapped_column(primary_key=True)
    accepted: Mapped[int]
    duplicates: Mapped[int]
    rejected: Mapped[int]
    __table_args__ = (refers_to("usage_source", "source_id"),)


class EventName(TenantKey, Model):
    """A name of event that product analytics has sent, so that a person can choose what counts."""

    __tablename__ = "event_name"
    name: Mapped[str] = mapped_column(primary_key=True)
    seen: Mapped[int]
    last_seen_at: Mapped[datetime]


class HeldEvent(Tenant, Model):
    """Something a machine sent that cannot be used yet: kept as it came, with the reason, to be replayed once mended.

    `reason`: account, person, meter, value or body; `value`: the account, person or meter that is not known.
    """

    __tablename__ = "held_event"
    source_id: Mapped[int]
    key: Mapped[UUID]
    protocol: Mapped[str]
    message: Mapped[Any] = mapped_column(JSONB)
    reason: Mapped[str]
    value: Mapped[str]
    detail: Mapped[str]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    times: Mapped[int] = mapped_column(server_default="1")
    ended_at: Mapped[datetime | None]
    end: Mapped[str | None]
    __table_args__ = (
        refers_to("usage_source", "source_id"),
        UniqueConstraint("workspace_id", "source_id", "key"),
        Index("ix_held_event_open", "workspace_id", "reason", "value", "id", postgresql_where=text("ended_at IS NULL")),
    )
