"""Accounts, contacts, subscriptions and movements as the REST API writes them."""

from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, StringConstraints

from app.core.rest.batching import judge_batch
from app.core.rest.schemas import (
    Asked,
    Day,
    Email,
    Given,
    Line,
    Minor,
    Number,
    Page,
    Paged,
    Scalar,
    Shown,
    Word,
    untold,
)

Band = Literal["thriving", "steady", "watch", "at risk", "unknown"]
Stage = Literal["prospect", "onboarding", "adopting", "established", "former"]
Kind = Literal["new", "reactivation", "expansion", "contraction", "churn"]
Owner = Annotated[str, StringConstraints(max_length=254, pattern=r"^(nobody|[0-9]{1,18}|[^@\s\x00]+@[^@\s\x00]+)$")]
Person = Annotated[str, StringConstraints(max_length=254, pattern=r"^([0-9]{1,18}|[^@\s\x00]+@[^@\s\x00]+)$")]
MOST_ACCOUNTS = 1_000
Sort = Literal[
    "name", "-name", "arr", "-arr", "risk", "-risk", "health", "-health", "renews", "-renews", "touch", "-touch",
    "usage", "-usage", "change", "-change", "seats", "-seats",
]  # fmt: skip


class AccountPath(Asked):
    """Which account."""

    account_id: Number = Field(description="Our number of the account: its `id`.")


class ContactPath(Asked):
    """Which contact."""

    contact_id: Number = Field(description="Our number of the contact.")


class SubscriptionPath(Asked):
    """Which subscription."""

    subscription_id: Number = Field(description="Our number of the stretch.")


class AccountChange(Given):
    """What shall be different about an account. What is left out stays; null empties."""

    name: Line = Field("", description="As people call it.", examples=["Acme Ltd"], json_schema_extra=untold)
    domain: Line | None = Field(None, examples=["acme.example"])
    industry: Line | None = Field(None, examples=["logistics"])
    country: Line | None = Field(None, examples=["DE"])
    tier: Line | None = Field(None, description="Your own grouping.", examples=["enterprise"])
    signed_up_on: Day | None = Field(None, examples=["2025-03-01"])
    owner_email: Email | None = Field(
        None, description="Who looks after it: somebody of the workspace.", examples=[None]
    )
    parent: Line = Field(
        "", description="The external id of the account that this is a part of.", json_schema_extra=untold
    )
    custom: dict[Line, Scalar] = Field(
        default_factory=dict, description="Your own fields; replaced as a whole.", examples=[{"nps": 42}]
    )


class AccountGiven(AccountChange):
    """An account as another system knows it. Of one that exists, what is left out stays."""

    external_id: Line = Field(description="Its id in your own systems: it stays the same.", examples=["acme"])


class AccountBatch(Given):
    """Up to 1,000 accounts, each judged on its own."""

    accounts: list[AccountGiven] = Field(max_length=MOST_ACCOUNTS)

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Read what can be read: in the place of a wrong record stands what is wrong with it."""
        return cls.model_construct(accounts=judge_batch(data, "accounts", AccountGiven, MOST_ACCOUNTS))


class Account(Shown):
    """An account with what is known of it today. Money is in minor units of the workspace's currency."""

    id: int = Field(examples=[1])
    external_id: str = Field(examples=["acme"])
    name: str = Field(examples=["Acme Ltd"])
    domain: str | None = Field(examples=["acme.example"])
    industry: str | None = Field(examples=["logistics"])
    country: str | None = Field(examples=["DE"])
    tier: str | None = Field(examples=["enterprise"])
    stage: Stage = Field(description="Derived from its subscriptions.", examples=["established"])
    owner_email: str | None = Field(examples=["ann@example.com"])
    parent: str | None = Field(examples=[None])
    signed_up_on: date | None = Field(examples=["2025-03-01"])
    custom: dict[str, JsonValue] = Field(examples=[{"nps": 42}])
    plan: str | None = Field(examples=["growth"])
    seats: int | None = Field(examples=[25])
    arr_minor: int = Field(description="What it pays a year now.", examples=[2_400_000])
    renews_on: date | None = Field(examples=["2027-03-01"])
    term_months: int | None = Field(examples=[12])
    ends_on: date | None = Field(description="Set when a notice ends all it pays for.", examples=[None])
    band: Band = Field(examples=["watch"])
    score: float | None = Field(description="Health from 0 to 100; null when too little is known.", examples=[67.4])
    coverage: float | None = Field(description="The share of the score's measures that is known.", examples=[0.9])
    risk: float | None = Field(description="The chance that it leaves within 90 days.", examples=[0.12])
    risk_reason: str | None = Field(examples=["Used 38 % less than in the 28 days before"])
    at_stake_minor: int = Field(description="ARR × risk.", examples=[288_000])
    renewal_probability: float | None = Field(examples=[0.86])
    scored_on: date | None = Field(examples=["2026-11-20"])
    last_used_on: date | None = Field(examples=["2026-11-19"])
    usage_28d: float | None = Field(description="On the core meter.", examples=[1200.0])
    usage_before_28d: float | None = Field(examples=[1935.0])
    active_users_28d: int | None = Field(examples=[18])
    last_touch_at: datetime | None = Field(examples=["2026-11-18T09:30:00Z"])
    owed_since: datetime | None = Field(description="Since when an answer of ours is awaited.", examples=[None])
    created_at: datetime = Field(examples=["2025-03-01T08:00:00Z"])
    updated_at: datetime = Field(examples=["2026-11-18T09:30:00Z"])


class Accounts(Page[Account]):
    """A page of accounts."""


class Mistake(Shown):
    """What is wrong with a record of a batch."""

    pointer: str = Field(examples=["/accounts/1/owner_email"])
    detail: str = Field(examples=["Nobody of this workspace has this e-mail. Invite them first, or leave it out."])


class BulkResult(Shown):
    """What became of a record of a batch."""

    index: int = Field(description="Its place in the batch, from 0.", examples=[0])
    external_id: str | None = Field(examples=["acme"])
    outcome: Literal["created", "updated", "unchanged", "refused"] = Field(examples=["created"])
    id: int | None = Field(examples=[1])
    errors: list[Mistake] = Field(examples=[[]])


class BulkAnswer(Shown):
    """What became of a batch, record by record in the order sent."""

    created: int = Field(examples=[1])
    updated: int = Field(examples=[0])
    unchanged: int = Field(examples=[0])
    refused: int = Field(examples=[0])
    results: list[BulkResult]


class AccountsAsked(Paged):
    """The filters of the Accounts page."""

    q: Word | None = Field(None, description="Beginnings of words of names, domain or external id.")
    band: Band | None = None
    owner: Owner | None = Field(None, description="An e-mail, a person's number, or `nobody`.")
    stage: Stage | None = None
    tier: Word | None = None
    plan: Word | None = None
    renews: int | None = Field(None, ge=0, le=3650, description="Renews within so many days.")
    risk: int | None = Field(None, ge=0, le=100, description="Risk of at least so many per cent.")
    arr: int | None = Field(None, ge=0, le=10**12, description="ARR of at least so many units of the currency.")
    paying: bool = Field(False, description="Only accounts that pay now, as on the page.")
    sort: Sort = Field("-arr", description="`-` turns it round.")
    external_id: Line | None = Field(None, description="The one account with this id of yours.")


class ContactGiven(Given):
    """A person at an account; what is left out is emptied."""

    external_id: Line = Field(examples=["acme-ann"])
    account: Line = Field(description="The account's external id.", examples=["acme"])
    name: Line | None = Field(None, examples=["Ann Archer"])
    email: Email | None = Field(None, examples=["ann@acme.example"])
    phone: Line | None = Field(None, examples=["+49 30 1234567"])
    title: Line | None = Field(None, examples=["Head of operations"])
    role: Line | None = Field(
        None, description="To the account: champion, sponsor, admin, user.", examples=["champion"]
    )
    joined_on: Day | None = Field(None, examples=["2025-03-01"])
    left_on: Day | None = Field(None, description="The day they left the customer.", examples=[None])


class Contact(Shown):
    """A person at an account."""

    id: int = Field(examples=[1])
    external_id: str = Field(examples=["acme-ann"])
    account_id: int = Field(examples=[1])
    name: str = Field(examples=["Ann Archer"])
    email: str | None = Field(examples=["ann@acme.example"])
    phone: str | None = Field(examples=["+49 30 1234567"])
    title: str | None = Field(examples=["Head of operations"])
    role: str | None = Field(examples=["champion"])
    joined_on: date | None = Field(examples=["2025-03-01"])
    left_on: date | None = Field(examples=[None])


class Contacts(Page[Contact]):
    """A page of contacts."""


class ContactsAsked(Paged):
    """Whose contacts."""

    account_id: Number | None = None
    email: Email | None = Field(None, description="Exactly this address, in whatever case.")


class SubscriptionGiven(Given):
    """A stretch of a contract at one price, seats and term; what is left out is emptied.

    When one of them changes, end this stretch and send the same external id with a new start.
    """

    external_id: Line = Field(examples=["acme-main"])
    account: Line = Field(description="The account's external id.", examples=["acme"])
    plan: Line | None = Field(None, examples=["growth"])
    seats: int | None = Field(None, ge=0, le=10**9, examples=[25])
    arr_minor: Minor = Field(description="What it pays a year, in minor units.", examples=[2_400_000])
    started_on: Day = Field(examples=["2026-03-01"])
    ended_on: Day | None = Field(None, description="The first day no longer paid.", examples=[None])
    term_months: int | None = Field(None, ge=1, le=120, examples=[12])
    renews_on: Day | None = Field(
        None, description="The first renewal; else the start and a term.", examples=["2027-03-01"]
    )
    auto_renew: bool | None = Field(None, examples=[True])
    is_trial: bool = Field(False, examples=[False])


class Subscription(Shown):
    """A stretch of a contract."""

    id: int = Field(examples=[1])
    external_id: str = Field(examples=["acme-main"])
    account_id: int = Field(examples=[1])
    plan: str | None = Field(examples=["growth"])
    seats: int | None = Field(examples=[25])
    arr_minor: int = Field(examples=[2_400_000])
    started_on: date = Field(examples=["2026-03-01"])
    ended_on: date | None = Field(examples=[None])
    term_months: int | None = Field(examples=[12])
    renews_on: date | None = Field(examples=["2027-03-01"])
    auto_renew: bool | None = Field(examples=[True])
    is_trial: bool = Field(examples=[False])


class Subscriptions(Page[Subscription]):
    """A page of stretches."""


class SubscriptionsAsked(Paged):
    """Whose subscriptions."""

    account_id: Number | None = None
    external_id: Line | None = Field(None, description="All stretches of this contract.")


class Movement(Shown):
    """What an account's recurring revenue did on a day."""

    account_id: int = Field(examples=[1])
    moved_on: date = Field(examples=["2026-03-01"])
    kind: Kind = Field(examples=["expansion"])
    opening_minor: int = Field(examples=[1_800_000])
    closing_minor: int = Field(examples=[2_400_000])
    amount_minor: int = Field(description="The size of the step.", examples=[600_000])


class Movements(Page[Movement]):
    """A page of movements, the newest first."""


class MovementsAsked(Paged):
    """Which movements."""

    account_id: Number | None = None
    kind: Kind | None = None
    since: Day | None = Field(None, description="On this day or later.")
    until: Day | None = Field(None, description="On this day or before.")


class BridgeAsked(Asked):
    """A period, both days within it."""

    first: Day = Field(description="The first day.")
    last: Day = Field(description="The last day.")


class Bridge(Shown):
    """A period's movements: opening + new + reactivation + expansion − contraction − churn = closing."""

    first: date = Field(examples=["2026-01-01"])
    last: date = Field(examples=["2026-03-31"])
    opening_minor: int = Field(examples=[100_000_000])
    new_minor: int = Field(examples=[9_000_000])
    reactivation_minor: int = Field(examples=[1_000_000])
    expansion_minor: int = Field(examples=[6_000_000])
    contraction_minor: int = Field(examples=[2_000_000])
    churn_minor: int = Field(examples=[4_000_000])
    closing_minor: int = Field(examples=[110_000_000])
    is_exact: bool = Field(
        description="Opening and closing are read from the contracts, not from the steps, so this proves the steps.",
        examples=[True],
    )
