"""What `data` holds for each type of message: the fields of the verbs that keep it."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from app.conversations.models import CHANNELS, DIRECTIONS

Id = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]  # PostgreSQL keeps no NUL
Words = Annotated[str, Meta(max_length=500, pattern=r"^[^\x00]*$")]
Body = Annotated[str, Meta(max_length=50_000, pattern=r"^[^\x00]*$")]
Money = Annotated[int, Meta(ge=0, le=10**15)]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}$")]
Count = Annotated[int, Meta(ge=0, le=10**9)]
Moment = Annotated[datetime, Meta(tz=True)]


class Account(Struct, forbid_unknown_fields=True):
    """An account. What is left out stays as it is; null empties a field."""

    id: Id
    name: Annotated[str, Meta(min_length=1, max_length=500, pattern=r"^[^\x00]*$")] | UnsetType = UNSET
    domain: Words | UnsetType | None = UNSET
    industry: Words | UnsetType | None = UNSET
    country: Words | UnsetType | None = UNSET
    tier: Words | UnsetType | None = UNSET
    signed_up_on: date | UnsetType | None = UNSET
    owner_email: Words | UnsetType | None = UNSET
    parent: Id | UnsetType | None = UNSET
    custom: dict[str, Any] | UnsetType = UNSET


class Contact(Struct, forbid_unknown_fields=True):
    """A person at an account."""

    id: Id
    account: Id
    name: Words | None = None
    email: Words | None = None
    phone: Words | None = None
    title: Words | None = None
    role: Words | None = None
    joined_on: date | None = None
    left_on: date | None = None


class Subscription(Struct, forbid_unknown_fields=True):
    """A stretch of a contract at one price. `ended_on` is the first day no longer paid."""

    id: Id
    account: Id
    arr_minor: Money
    currency: Currency
    started_on: date
    plan: Words | None = None
    seats: Count | None = None
    ended_on: date | None = None
    term_months: Annotated[int, Meta(ge=1, le=240)] | None = None
    renews_on: date | None = None
    auto_renew: bool | None = None
    is_trial: bool = False


class Invoice(Struct, forbid_unknown_fields=True):
    """What was asked for, when it was due and when it was paid."""

    id: Id
    account: Id
    amount_minor: Annotated[int, Meta(ge=-(10**15), le=10**15)]
    currency: Currency
    issued_on: date
    due_on: date
    paid_on: date | None = None


class Interaction(Struct, forbid_unknown_fields=True):
    """One thing said by the customer (in), to them (out), or about them (internal)."""

    id: Id
    account: Id
    channel: Literal[CHANNELS]  # type: ignore[valid-type]
    direction: Literal[DIRECTIONS]  # type: ignore[valid-type]
    happened_at: Moment
    contact: Id | None = None
    subject: Words | None = None
    body: Body | None = None
    author: Words | None = None
    satisfaction: float | None = None
    priority: Words | None = None
    resolved_at: Moment | None = None
    thread: Words | None = None
    escalated: bool = False


class Usage(Struct, forbid_unknown_fields=True):
    """A thing that happened, counted once by its id."""

    id: Id
    account: Id
    meter: Id
    quantity: float = 1.0
    at: Moment | None = None
    user: Id | None = None


SHAPES: dict[str, type[Struct]] = {
    "account": Account,
    "contact": Contact,
    "subscription": Subscription,
    "invoice": Invoice,
    "interaction": Interaction,
    "usage": Usage,
}
"""In the order in which they are written: an account before what refers to it."""


def read(kind: str, data: Any) -> Any:
    """Read `data` as its shape. Raises msgspec.ValidationError, whose words name the field."""
    return msgspec.convert(data, SHAPES[kind])


def fields_of(shape: Struct) -> dict[str, Any]:
    """Give the fields that were said."""
    return {name: value for name, value in msgspec.structs.asdict(shape).items() if value is not UNSET}
