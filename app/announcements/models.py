"""What is announced, to whom, and what came of each try to tell it, as rows."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Double, Text

from app.core.tenancy import Tenant, TenantKey, refers_to
from app.extensions import Model

KINDS = {"webhook": "Webhook", "slack": "Slack", "mail": "Mail"}
PACES = {"at once": "at once", "daily": "once a day, in the morning"}
RISK_THRESHOLD = 0.5
FORECAST_SHARE = 0.05


def of_a_member() -> ForeignKeyConstraint:
    """Refer to a member of the same workspace; who leaves takes the row along."""
    return ForeignKeyConstraint(
        ("workspace_id", "user_id"), ("membership.workspace_id", "membership.user_id"), ondelete="CASCADE"
    )


class Announcement(Tenant, Model):
    """That something happened. Its type, subject and occasion are unique, so that it is told once, whoever finds it.

    `data` is what subscribers are sent; `owner_id` the person whose business it is. What was told already is looked for
    by `account_id`: under row security an index serves no comparison with a text that is put together.
    """

    __tablename__ = "announcement"
    type: Mapped[str]
    subject: Mapped[str]
    occasion: Mapped[str]
    message_id: Mapped[UUID] = mapped_column(server_default=text("gen_random_uuid()"))
    account_id: Mapped[int | None]
    owner_id: Mapped[int | None]
    occurred_at: Mapped[datetime]
    data: Mapped[dict[str, Any]]
    __table_args__ = (
        UniqueConstraint("workspace_id", "type", "subject", "occasion"),
        refers_to("account", "account_id"),
        Index("ix_announcement_at", "workspace_id", "occurred_at"),
        Index("ix_announcement_account", "workspace_id", "account_id"),
    )


class Subscriber(Tenant, Model):
    """Who is told: a webhook, a Slack channel, or a member by mail; which events, and from which thresholds on.

    `failing_since` and `failures` count tries in a row without success; until `resting_until` nothing is tried.
    `whole_book` and `pace` are a person's own choices.
    """

    __tablename__ = "subscriber"
    kind: Mapped[str]
    name: Mapped[str]
    url: Mapped[str] = mapped_column(default="", server_default="")
    types: Mapped[list[str]] = mapped_column(ARRAY(Text))
    risk_threshold: Mapped[float] = mapped_column(Double, default=RISK_THRESHOLD, server_default="0.5")
    forecast_share: Mapped[float] = mapped_column(Double, default=FORECAST_SHARE, server_default="0.05")
    secret: Mapped[str | None]
    old_secret: Mapped[str | None]
    old_secret_until: Mapped[datetime | None]
    user_id: Mapped[int | None]
    pace: Mapped[str | None]
    whole_book: Mapped[bool] = mapped_column(default=False, server_default="false")
    failures: Mapped[int] = mapped_column(default=0, server_default="0")
    failing_since: Mapped[datetime | None]
    resting_until: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    disabled_why: Mapped[str | None]
    created_by: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        of_a_member(),
        Index("uq_subscriber_member", "workspace_id", "user_id", unique=True, postgresql_where=text("kind = 'mail'")),
    )

    def is_told_at(self, now: datetime) -> bool:
        """Say whether something may be sent: it is on, and not left in peace after a failure."""
        return self.disabled_at is None and (self.resting_until is None or self.resting_until <= now)

    def secrets_at(self, now: datetime) -> tuple[str, ...]:
        """Give the secrets that sign: for a day after a rotation the old one too."""
        is_old_in_force = self.old_secret_until is not None and now < self.old_secret_until
        return tuple(filter(None, (self.secret, self.old_secret if is_old_in_force else None)))


class Delivery(Tenant, Model):
    """An announcement on its way to a subscriber.

    States: waiting, delivered, failed (after the last try, or one that ended it), dropped (its subscriber was switched
    off while it waited). `attempts` are those of this round; sending again by hand begins a new one.
    """

    __tablename__ = "delivery"
    subscriber_id: Mapped[int]
    announcement_id: Mapped[int]
    state: Mapped[str] = mapped_column(default="waiting", server_default="waiting")
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    first_tried_at: Mapped[datetime | None]
    next_attempt_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        UniqueConstraint("workspace_id", "subscriber_id", "announcement_id"),
        refers_to("subscriber", "subscriber_id"),
        refers_to("announcement", "announcement_id"),
        Index("ix_delivery_announcement", "workspace_id", "announcement_id"),
        Index(
            "ix_delivery_due",
            "workspace_id",
            "subscriber_id",
            "next_attempt_at",
            postgresql_where=text("state = 'waiting'"),
        ),
    )


class DeliveryAttempt(Tenant, Model):
    """One try: how long it took and what came back, a status with the beginning of the answer, or an error."""

    __tablename__ = "delivery_attempt"
    delivery_id: Mapped[int]
    tried_at: Mapped[datetime]
    duration_ms: Mapped[int]
    status: Mapped[int | None]
    answer: Mapped[str]
    error: Mapped[str | None]
    __table_args__ = (
        refers_to("delivery", "delivery_id"),
        Index("ix_delivery_attempt_delivery", "workspace_id", "delivery_id"),
    )


class CalendarFeed(TenantKey, Model):
    """A member's secret calendar address, of which we keep a hash."""

    __tablename__ = "calendar_feed"
    user_id: Mapped[int] = mapped_column(primary_key=True)
    secret_hash: Mapped[str]
    whole_book: Mapped[bool]
    made_at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("workspace_id", "secret_hash"), of_a_member())


class CalendarEntry(TenantKey, Model):
    """How an event of the calendars last read, so that SEQUENCE and DTSTAMP move only when it changes."""

    __tablename__ = "calendar_entry"
    uid: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    sequence: Mapped[int]
    changed_at: Mapped[datetime]
