"""The book of accounts, as rows."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Computed, ForeignKeyConstraint, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Double, SmallInteger, Text

from app.core.tenancy import Tenant, TenantKey, refers_to
from app.extensions import Model

STAGES = ("prospect", "onboarding", "adopting", "established", "former")
BANDS = ("thriving", "steady", "watch", "at risk", "unknown")


def owned_by(column: str = "owner_id") -> ForeignKeyConstraint:
    """Refer to a member of the same workspace; the row outlives the membership."""
    return ForeignKeyConstraint(
        ("workspace_id", column), ("membership.workspace_id", "membership.user_id"), ondelete=f"SET NULL ({column})"
    )


class Account(Tenant, Model):
    """A customer: the company that pays, or a part of it (then `parent_id` names the whole)."""

    __tablename__ = "account"
    external_id: Mapped[str]
    name: Mapped[str]
    domain: Mapped[str | None]
    industry: Mapped[str | None]
    country: Mapped[str | None]
    tier: Mapped[str | None]
    stage: Mapped[str] = mapped_column(default="prospect", server_default="prospect")
    owner_id: Mapped[int | None]
    parent_id: Mapped[int | None]
    signed_up_on: Mapped[date | None]
    custom: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    told_at: Mapped[datetime | None]
    told: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        UniqueConstraint("workspace_id", "external_id"),
        refers_to("account", "parent_id", ondelete="SET NULL"),
        owned_by(),
        Index("ix_account_owner", "workspace_id", "owner_id", postgresql_where=text("owner_id IS NOT NULL")),
        Index("ix_account_parent", "workspace_id", "parent_id", postgresql_where=text("parent_id IS NOT NULL")),
    )


class AccountAlias(TenantKey, Model):
    """Another name by which some system speaks of an account."""

    __tablename__ = "account_alias"
    alias: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        refers_to("account", "account_id"),
        Index("ix_account_alias_account", "workspace_id", "account_id"),
    )


class AccountRule(Tenant, Model):
    """Which account is meant by names that no account has: `pattern` holds one *, and so may `means`, for the same."""

    __tablename__ = "account_rule"
    pattern: Mapped[str]
    means: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (UniqueConstraint("workspace_id", "pattern", "means"),)

    def account_of(self, name: str) -> str | None:
        """Give the name of the account that is meant; None where the pattern does not fit."""
        before, _, after = self.pattern.partition("*")
        rest = name.removeprefix(before).removesuffix(after)
        fits = name.startswith(before) and name.endswith(after) and len(name) > len(before) + len(after)
        return self.means.replace("*", rest) if fits else None


class Contact(Tenant, Model):
    """A person at an account. `role` is what they mean to the account: champion, sponsor, admin, user.

    `consents`: what they agreed to, by category; where they refused, only their id is kept. `told_at` (here and on an
    account): the moment of the newest traits that product analytics told, so that older ones change nothing; `told`:
    what it has written here, by column, so that what others wrote stays.
    """

    __tablename__ = "contact"
    account_id: Mapped[int]
    external_id: Mapped[str]
    name: Mapped[str]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    title: Mapped[str | None]
    role: Mapped[str | None]
    joined_on: Mapped[date | None]
    left_on: Mapped[date | None]
    left_known_at: Mapped[datetime | None]
    consents: Mapped[dict[str, Any] | None]
    told_at: Mapped[datetime | None]
    told: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    stored_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    __table_args__ = (
        UniqueConstraint("workspace_id", "external_id"),
        refers_to("account", "account_id"),
        Index("ix_contact_account", "workspace_id", "account_id"),
        Index("ix_contact_email", "workspace_id", text("lower(email)")),
    )


class ContactAlias(TenantKey, Model):
    """Another id of a person, such as the one before they signed in; `external_id` is the one that counts."""

    __tablename__ = "contact_alias"
    alias: Mapped[str] = mapped_column(primary_key=True)
    external_id: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Subscription(Tenant, Model):
    """A stretch of a contract at one price, seats and term.

    When price, seats or term change, the stretch ends and the same external id begins again with a new start.
    `ended_on` is the first day no longer paid; `renews_on` the first renewal day after the start.
    """

    __tablename__ = "subscription"
    account_id: Mapped[int]
    external_id: Mapped[str]
    plan: Mapped[str | None]
    seats: Mapped[int | None]
    arr_minor: Mapped[int]
    started_on: Mapped[date]
    ended_on: Mapped[date | None]
    end_known_at: Mapped[datetime | None]
    term_months: Mapped[int | None]
    renews_on: Mapped[date | None]
    auto_renew: Mapped[bool | None]
    is_trial: Mapped[bool] = mapped_column(default=False, server_default="false")
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())
    stored_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    __table_args__ = (
        UniqueConstraint("workspace_id", "external_id", "started_on"),
        refers_to("account", "account_id"),
        Index("ix_subscription_account", "workspace_id", "account_id"),
        Index(
            "ix_subscription_paid",
            "workspace_id",
            "ended_on",
            "started_on",
            postgresql_include=["arr_minor"],
            postgresql_where=text("NOT is_trial AND ended_on IS DISTINCT FROM started_on"),
        ),
    )


class Movement(TenantKey, Model):
    """What an account's recurring revenue did on a day (numbers.md §1), derived from its subscriptions."""

    __tablename__ = "movement"
    account_id: Mapped[int] = mapped_column(primary_key=True)
    moved_on: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[str]
    opening_minor: Mapped[int]
    closing_minor: Mapped[int]
    __table_args__ = (
        refers_to("account", "account_id"),
        Index(
            "ix_movement_on",
            "workspace_id",
            "moved_on",
            postgresql_include=["kind", "opening_minor", "closing_minor"],
        ),
    )

    @property
    def amount_minor(self) -> int:
        return abs(self.closing_minor - self.opening_minor)


class Invoice(Tenant, Model):
    """What was asked for, when it was due and when it was paid."""

    __tablename__ = "invoice"
    account_id: Mapped[int]
    external_id: Mapped[str]
    issued_on: Mapped[date]
    due_on: Mapped[date]
    paid_on: Mapped[date | None]
    amount_minor: Mapped[int]
    stored_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    __table_args__ = (
        UniqueConstraint("workspace_id", "external_id"),
        refers_to("account", "account_id"),
        Index("ix_invoice_account", "workspace_id", "account_id"),
        Index("ix_invoice_issued", "workspace_id", "issued_on"),
    )


class FormerFact(Tenant, Model):
    """How a contract, contact, invoice or interaction stood from `stored_at` until it was changed: what scores read of
    it, none of its words. A trigger (`keep_former_fact`) writes it; a row deleted is not kept."""

    __tablename__ = "former_fact"
    kind: Mapped[str]
    account_id: Mapped[int]
    fact: Mapped[dict[str, Any]]
    stored_at: Mapped[datetime]
    replaced_at: Mapped[datetime]
    __table_args__ = (
        refers_to("account", "account_id"),
        Index("ix_former_fact_account", "workspace_id", "kind", "account_id"),
        Index("ix_former_fact_replaced", "workspace_id", "kind", "replaced_at"),
    )


class LateFact(Tenant, Model):
    """Something of a day that was over, written down after its account had been scored. Triggers (`note_late_…`) write
    it, so that whoever keeps a fact need not think of it; it is kept until scores of past days have been corrected.

    `kind`: interaction, resolved, invoice, paid, invoice_changed, contract, contract_ended, contact or contact_left;
    `what`: of an interaction its channel; `day`: the first day that it moves.
    """

    __tablename__ = "late_fact"
    account_id: Mapped[int]
    kind: Mapped[str]
    what: Mapped[str | None]
    day: Mapped[date]
    stored_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    __table_args__ = (
        refers_to("account", "account_id"),
        Index("ix_late_fact_account", "workspace_id", "account_id", "stored_at"),
    )


class Segment(Tenant, Model):
    """A saved filter of the portfolio: the same words as in its address."""

    __tablename__ = "segment"
    name: Mapped[str]
    filters: Mapped[dict[str, Any]]
    created_by: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (UniqueConstraint("workspace_id", "name"),)


class SearchWord(TenantKey, Model):
    """A word of an account's or contact's name. Its "C" collation lets a prefix be a range, which row security
    leaves to the index (a LIKE would be checked row by row).

    PostgreSQL counts the 300 most frequent words, not 100: one that it took for rare it would look up row by row. No
    foreign key, which would be looked at word by word: a trigger (`forget_words`) takes away the words of what is
    deleted, a statement at a time.
    """

    __tablename__ = "search_word"
    word: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    account_id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int] = mapped_column(primary_key=True, server_default="0")
    __table_args__ = (Index("ix_search_word_account", "workspace_id", "account_id", "word"),)


class AccountSummary(TenantKey, Model):
    """The one row a portfolio reads. Each domain to the right writes its own columns of it."""

    __tablename__ = "account_summary"
    account_id: Mapped[int] = mapped_column(primary_key=True)
    # accounts
    name: Mapped[str]
    owner_id: Mapped[int | None]
    stage: Mapped[str]
    tier: Mapped[str | None]
    plan: Mapped[str | None]
    seats: Mapped[int | None]
    arr_minor: Mapped[int] = mapped_column(server_default="0")
    renews_on: Mapped[date | None]
    term_months: Mapped[int | None]
    ends_on: Mapped[date | None]
    # usage
    last_used_on: Mapped[date | None]
    usage_28d: Mapped[float | None]
    usage_before_28d: Mapped[float | None]
    active_users_28d: Mapped[int | None]
    # conversations
    last_touch_at: Mapped[datetime | None]
    owed_since: Mapped[datetime | None]
    # health
    scorecard_id: Mapped[int | None]
    band: Mapped[str] = mapped_column(server_default="unknown")
    score: Mapped[float | None]
    coverage: Mapped[float | None]
    score_weeks: Mapped[list[int | None] | None] = mapped_column(ARRAY(SmallInteger))
    risk: Mapped[float | None]
    risk_reason: Mapped[str | None]
    scored_on: Mapped[date | None]
    first_scored_on: Mapped[date | None]
    at_stake_minor: Mapped[int] = mapped_column(
        Computed("round(arr_minor * coalesce(risk, 1))::bigint", persisted=True)
    )
    # forecast
    renewal_probability: Mapped[float | None]
    __table_args__ = (
        refers_to("account", "account_id"),
        Index("ix_summary_name", "workspace_id", "name", "account_id"),
        Index("ix_summary_arr", "workspace_id", "arr_minor", "account_id"),
        Index("ix_summary_risk", "workspace_id", text("coalesce(risk, -1)"), "account_id"),
        Index("ix_summary_score", "workspace_id", text("coalesce(score, -1)"), "account_id"),
        Index("ix_summary_renews", "workspace_id", text("coalesce(renews_on, '9999-12-31')"), "account_id"),
        Index("ix_summary_owner", "workspace_id", "owner_id", "arr_minor", "account_id"),
        Index("ix_summary_at_stake", "workspace_id", "band", "at_stake_minor", postgresql_where=text("arr_minor > 0")),
        Index(
            "ix_summary_expected_loss",
            "workspace_id",
            text("(risk * arr_minor)"),
            postgresql_where=text("risk * arr_minor IS NOT NULL"),
        ),
        Index("ix_summary_owed", "workspace_id", "owed_since", postgresql_where=text("owed_since IS NOT NULL")),
    )


class BookStanding(TenantKey, Model):
    """How many accounts of an owner stand in a band and what they pay: counted once, so that a page need not."""

    __tablename__ = "book_standing"
    owner_id: Mapped[int] = mapped_column(primary_key=True, server_default="0")
    band: Mapped[str] = mapped_column(primary_key=True)
    is_monthly: Mapped[bool] = mapped_column(primary_key=True)
    accounts: Mapped[int]
    arr_minor: Mapped[int]
    at_stake_minor: Mapped[int]
    scored_on: Mapped[date | None]


class TouchedAccount(Tenant, Model):
    """Accounts whose facts changed since they were last scored: the left tells the right by a row, a row a change, so
    that nobody who writes facts waits for a scoring that is under way. No foreign key: it would lock the accounts."""

    __tablename__ = "touched_account"
    account_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    touched_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ScoringRound(Tenant, Model):
    """How long the accounts of a round of scoring had waited since their facts changed; kept for two days."""

    __tablename__ = "scoring_round"
    ended_at: Mapped[datetime]
    accounts: Mapped[int]
    median_s: Mapped[float] = mapped_column(Double)
    longest_s: Mapped[float] = mapped_column(Double)
    __table_args__ = (Index("ix_scoring_round_ended", "workspace_id", "ended_at"),)
