"""Webhooks, as rows: who may send, what was sent, what it says of which object, and what we made of it."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import LargeBinary

from app.core.tenancy import Tenant, TenantKey, refers_to
from app.extensions import Model

STATES = ("waiting", "done", "held", "failed", "ignored")
UNFINISHED = ("held", "failed")


class WebhookSource(Tenant, Model):
    """A sender with an address of its own. `token` is the secret part of the address; signatures do the guarding."""

    __tablename__ = "webhook_source"
    provider: Mapped[str]
    name: Mapped[str]
    token: Mapped[str]
    created_by: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    disabled_at: Mapped[datetime | None]
    last_heard_at: Mapped[datetime | None]
    refused_at: Mapped[datetime | None]
    refused_why: Mapped[str | None]
    __table_args__ = (UniqueConstraint("workspace_id", "token"),)


class WebhookSecret(Tenant, Model):
    """What a source signs with. Two may be active, so that one can be replaced without a gap; kept readable, for a
    signature can only be checked with the secret itself."""

    __tablename__ = "webhook_secret"
    source_id: Mapped[int]
    secret: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        refers_to("webhook_source", "source_id"),
        Index("ix_webhook_secret_source", "workspace_id", "source_id"),
    )


class WebhookDelivery(Tenant, Model):
    """One message, kept once for ever by the sender's own id of it; `headers` and `body`, byte for byte, until settled
    messages are forgotten.

    States: waiting; done; ignored (of no use to us); held (waits for its account); failed (waits for a person).
    `reason` says why it is not in the book, `note` what of it does not count.
    """

    __tablename__ = "webhook_delivery"
    source_id: Mapped[int]
    event_id: Mapped[str]
    event_type: Mapped[str]
    happened_at: Mapped[datetime]
    received_at: Mapped[datetime]
    headers: Mapped[dict[str, Any]]
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(server_default="waiting")
    reason: Mapped[str | None]
    note: Mapped[str | None]
    settled_at: Mapped[datetime | None]
    repeats: Mapped[int] = mapped_column(server_default="0")
    __table_args__ = (
        UniqueConstraint("workspace_id", "source_id", "event_id"),
        refers_to("webhook_source", "source_id"),
        Index("ix_webhook_delivery_waiting", "workspace_id", "id", postgresql_where=text("state = 'waiting'")),
        Index("ix_webhook_delivery_newest", "workspace_id", "source_id", "id"),
        Index(
            "ix_webhook_delivery_unfinished",
            "workspace_id",
            "source_id",
            postgresql_where=text("state IN ('held', 'failed')"),
        ),
        Index("ix_webhook_delivery_state", "workspace_id", "source_id", "state", "id"),
    )


class WebhookFact(TenantKey, Model):
    """What a delivery says of one object, in our own terms. An object is a pure function of all facts about it, in the
    order (happened_at, rank, event_id); `family` is the customer whose objects are worked out together."""

    __tablename__ = "webhook_fact"
    delivery_id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    object_id: Mapped[str] = mapped_column(primary_key=True)
    source_id: Mapped[int]
    family: Mapped[str]
    event_id: Mapped[str]
    happened_at: Mapped[datetime]
    rank: Mapped[int]
    said: Mapped[dict[str, Any]]
    __table_args__ = (
        refers_to("webhook_delivery", "delivery_id"),
        refers_to("webhook_source", "source_id"),
        Index("ix_webhook_fact_family", "workspace_id", "source_id", "family"),
        Index("ix_webhook_fact_object", "workspace_id", "source_id", "kind", "object_id"),
    )


class WebhookAccount(TenantKey, Model):
    """The account that a source's customer is, and what the source filled in there: only that may it change."""

    __tablename__ = "webhook_account"
    source_id: Mapped[int] = mapped_column(primary_key=True)
    family: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[int]
    filled: Mapped[dict[str, Any]]
    __table_args__ = (
        refers_to("webhook_source", "source_id"),
        refers_to("account", "account_id"),
        Index("ix_webhook_account_account", "workspace_id", "account_id"),
    )


class WebhookStretch(TenantKey, Model):
    """A stretch of contract that a source wrote: what it no longer says is taken back.

    `was`: the stretch as others had written it before; what the source says carries on from there.
    """

    __tablename__ = "webhook_stretch"
    source_id: Mapped[int] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    started_on: Mapped[date] = mapped_column(primary_key=True)
    was: Mapped[dict[str, Any] | None]
    __table_args__ = (refers_to("webhook_source", "source_id"),)
