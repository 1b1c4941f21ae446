"""What is held, and replayed, as the REST API writes it."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from app.core.rest.schemas import NO_NUL, Asked, Given, Line, Number, Page, Paged, Shown

Reason = Literal["account", "person", "meter", "value", "body"]
Value = Annotated[str, StringConstraints(max_length=400, pattern=NO_NUL)]
_OF_WHAT = "The account, person or meter that is not known; empty where something else is wrong."


class HeldGroup(Shown):
    """What is held for one reason: sent and acknowledged, not counted yet."""

    reason: Reason = Field(examples=["account"])
    value: str = Field(description=_OF_WHAT, examples=["acme-inc"])
    held: int = Field(description="How many records.", examples=[7])
    first_at: datetime = Field(examples=["2026-11-20T09:00:00Z"])
    last_at: datetime = Field(examples=["2026-11-20T09:30:00Z"])
    detail: str = Field(description="Of the newest: what is wrong, and what to do.", examples=["There is no account"])
    protocols: list[str] = Field(examples=[["segment"]])


class HeldGroups(Page[HeldGroup]):
    """What is held, the most first; at most fifty reasons."""


class HeldRecordsAsked(Paged):
    """Which records."""

    reason: Reason | None = Field(None, description="Only of this reason.")
    value: Value | None = Field(None, description="Only of this one; needs a reason.")


class HeldRecord(Shown):
    """A thing that was sent and acknowledged, and is not counted yet."""

    id: int = Field(examples=[7])
    source: str = Field(description="Who sent it.", examples=["segment: web app"])
    protocol: str = Field(examples=["segment"])
    reason: Reason = Field(examples=["account"])
    value: str = Field(description=_OF_WHAT, examples=["acme-inc"])
    detail: str = Field(description="What is wrong, and what to do.", examples=["There is no account 'acme-inc'."])
    times: int = Field(description="How often it was sent.", examples=[1])
    first_at: datetime = Field(examples=["2026-11-20T09:00:00Z"])
    last_at: datetime = Field(examples=["2026-11-20T09:00:00Z"])
    message: Any = Field(description="As it came.", examples=[{"type": "track", "event": "Report Exported"}])


class HeldRecords(Page[HeldRecord]):
    """A page of what is held, the newest first."""


class DiscardGiven(Given):
    """What to discard."""

    reason: Reason = Field(examples=["account"])
    value: Value = Field(description=_OF_WHAT, examples=["acme-inc"])


class Discarded(Shown):
    """How many records were discarded."""

    discarded: int = Field(examples=[7])


class ReplayGiven(Given):
    """What to replay: without a reason, all that is held."""

    reason: Literal["account", "person", "meter", "value"] | None = Field(None, examples=["account"])
    value: Value | None = Field(None, description="Only of this one; needs a reason.", examples=["acme-inc"])


class Waiting(Shown):
    """A replay that a worker does now."""

    state: Literal["waiting"] = Field(examples=["waiting"])


class DeliveryPath(Asked):
    """Which delivery."""

    delivery_id: Number = Field(description="Our number of the delivery, as in its page's address.")


class AccountRule(Shown):
    """Which account is meant by names that no account has."""

    id: int = Field(examples=[3])
    pattern: str = Field(description="The names, with one * for the part that differs.", examples=["prod_*"])
    means: str = Field(description="The account's external id, in which a * stands for that part.", examples=["*"])
    created_at: datetime = Field(examples=["2026-11-20T09:00:00Z"])


class AccountRules(Page[AccountRule]):
    """The rules for names of accounts, the first made first."""


class AccountRuleGiven(Given):
    """A rule for names that no account has."""

    pattern: Line = Field(description="The names, with one * for the part that differs.", examples=["prod_*"])
    means: Line = Field(description="The account's external id, in which a * stands for that part.", examples=["*"])


class AccountRuleMade(AccountRule):
    """A rule, and how many of the names that are held it and the others lead to an account."""

    matched: int = Field(examples=[2])


class AccountRulePath(Asked):
    """Which rule."""

    rule_id: Number
