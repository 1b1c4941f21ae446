"""Meters and usage as the REST API writes them."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from app.core.rest.schemas import Asked, Day, Given, Line, Moment, Page, Paged, Shown

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.:-]{0,79}$")]
Month = Annotated[str, StringConstraints(pattern=r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$")]


class MeterGiven(Given):
    """A meter to make."""

    code: Code = Field(description="What your systems send.", examples=["report_exported"])
    kind: Literal["sum", "max"] = Field("sum", description="`sum` adds a day up; `max` keeps its largest.")


class Meter(Shown):
    """Something counted."""

    code: str = Field(examples=["report_exported"])
    name: str = Field(examples=["Report Exported"])
    kind: Literal["sum", "max"] = Field(examples=["sum"])
    unit: str = Field(examples=[""])
    is_core: bool = Field(description="Whether it is the use that signals read.", examples=[False])


class Meters(Page[Meter]):
    """All meters, in their order."""


class UsageAsked(Asked):
    """A period, both days within it; at most 366 days. Without it, the last 28 days."""

    since: Day | None = None
    until: Day | None = None
    meter: Code | None = Field(None, description="One meter only.")


class MeterUsage(Shown):
    """A meter's daily totals."""

    meter: str = Field(examples=["logins"])
    kind: Literal["sum", "max"] = Field(examples=["sum"])
    unit: str = Field(examples=[""])
    totals: list[float] = Field(description="One a day from `since` on.", examples=[[12.0, 0.0, 7.0]])


class ActivePeople(Shown):
    """Distinct people, counted once however often they came."""

    daily: list[int] = Field(description="One a day from `since` on.", examples=[[3, 0, 2]])
    in_period: int = Field(examples=[4])


class AccountUsage(Shown):
    """An account's usage over a period, in days of the workspace's time zone."""

    account_id: int = Field(examples=[1])
    since: date = Field(examples=["2026-11-18"])
    until: date = Field(examples=["2026-11-20"])
    meters: list[MeterUsage]
    active_people: ActivePeople


class MonthAsked(Paged):
    """A month of the whole book."""

    month: Month | None = Field(None, description="As 2026-11; without it, the present one.")


class UsageMonth(Shown):
    """An account's month on a meter."""

    account_id: int = Field(examples=[1])
    meter: str = Field(examples=["logins"])
    month: date = Field(examples=["2026-11-01"])
    totals: list[float] = Field(description="One a day of the month.", examples=[[12.0, 0.0, 7.0]])


class UsageMonths(Page[UsageMonth]):
    """A page of accounts' months."""


class UsageEvent(Given):
    """A thing that happened."""

    id: Line = Field(description="It counts once for each source, for ever.", examples=["evt-1"])
    account: Line = Field(description="The account's external id.", examples=["acme"])
    meter: Line = Field(description="The meter's code.", examples=["logins"])
    quantity: float = Field(1.0, examples=[1])
    at: Moment | None = Field(None, description="Without it, now.", examples=["2026-11-20T09:30:00Z"])
    user: Line | None = Field(None, description="Who: your id of the person.", examples=["ann"])
    replace: bool = Field(False, description="It corrects what was sent under this id.", examples=[False])


class UsageBatch(Given):
    """Up to 1,000 events, each judged on its own."""

    events: list[UsageEvent] = Field(max_length=1_000)
    source: Line = Field("api", description="Which system they come from.", examples=["my-product"])


class UsageMistake(Shown):
    """An event that was refused."""

    index: int = Field(examples=[1])
    pointer: str = Field(examples=["/events/1/account"])
    detail: str = Field(examples=["There is no account 'nobody'. Create it first, then send the event again."])


class UsageTaken(Shown):
    """What became of a batch."""

    accepted: int = Field(description="Counted now for the first time.", examples=[1])
    corrected: int = Field(description="Counted before, and now as they say.", examples=[0])
    duplicates: int = Field(description="Counted before.", examples=[0])
    rejected: list[UsageMistake] = Field(examples=[[]])
