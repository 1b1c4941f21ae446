"""Forecasts, renewals and calls as the REST API writes them."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from app.accounts.schemas import Band, Person
from app.core.rest.schemas import Asked, Day, Email, Given, Minor, Page, Paged, Shown

Category = Literal["commit", "likely", "at risk", "lost"]
Why = Annotated[str, StringConstraints(min_length=1, max_length=1_000, pattern=r"^[^\x00]*[^\x00\s][^\x00]*$")]


class Quarter(Shown):
    """What is expected of a quarter's renewals, as of a day. Money in minor units."""

    quarter: date = Field(description="Its first day.", examples=["2026-10-01"])
    taken_on: date = Field(examples=["2026-11-20"])
    renewals: int = Field(examples=[41])
    due_minor: int = Field(description="ARR that comes up for renewal.", examples=[120_000_000])
    booked_minor: int = Field(description="Renewed so far.", examples=[40_000_000])
    lost_minor: int = Field(description="Lost so far.", examples=[5_000_000])
    p10_minor: int = Field(description="With nine chances in ten at least this will be kept.", examples=[96_000_000])
    p50_minor: int = Field(examples=[104_000_000])
    p90_minor: int = Field(examples=[110_000_000])
    called_minor: int | None = Field(
        description="The managers' figure; null while nobody made a call.", examples=[101_000_000]
    )


class Quarters(Page[Quarter]):
    """Quarters or days, the oldest first."""


class SnapshotsAsked(Asked):
    """Which quarter."""

    quarter: Day | None = Field(None, description="Any day of it; without it, the present one.")


class RenewalsAsked(Paged):
    """Which renewals."""

    first: Day | None = Field(None, description="Not before this day; without it, tomorrow.")
    before: Day | None = Field(None, description="Before this day; without it, within a year.")
    owner: Person | None = Field(None, description="An e-mail, or a person's number.")


class Renewal(Shown):
    """A renewal ahead: the model's figure, the manager's call, and the one that counts."""

    account_id: int = Field(examples=[1])
    account: str = Field(examples=["Acme Ltd"])
    renews_on: date = Field(examples=["2027-03-01"])
    arr_minor: int = Field(examples=[2_400_000])
    probability: float = Field(examples=[0.86])
    basis: str = Field(examples=["model"])
    model_minor: int = Field(description="ARR × probability.", examples=[2_064_000])
    category: Category | None = Field(examples=["likely"])
    called_minor: int | None = Field(examples=[2_400_000])
    call_reason: str | None = Field(examples=["The sponsor has signed off the budget"])
    called_at: datetime | None = Field(examples=["2026-11-18T09:30:00Z"])
    final_minor: int = Field(description="The call where there is one, else the model's.", examples=[2_400_000])
    band: Band = Field(examples=["watch"])
    risk: float | None = Field(examples=[0.12])
    risk_reason: str | None = Field(examples=["Used 38 % less than in the 28 days before"])


class Renewals(Page[Renewal]):
    """A page of renewals, the nearest first."""


class CallGiven(Given):
    """A manager's own call on a renewal."""

    renews_on: Day = Field(description="Which renewal.", examples=["2027-03-01"])
    category: Category = Field(examples=["likely"])
    amount_minor: Minor = Field(description="ARR expected after it; 0 where it is lost.", examples=[2_400_000])
    reason: Why = Field(examples=["The sponsor has signed off the budget"])
    by: Email = Field(description="Whose call it is: somebody of the workspace.", examples=["ann@example.com"])


class Call(Shown):
    """A call; the newest on a renewal counts."""

    id: int = Field(examples=[1])
    account_id: int = Field(examples=[1])
    renews_on: date = Field(examples=["2027-03-01"])
    category: Category = Field(examples=["likely"])
    amount_minor: int = Field(examples=[2_400_000])
    reason: str = Field(examples=["The sponsor has signed off the budget"])
    made_by: int = Field(description="The person's number.", examples=[1])
    made_at: datetime = Field(examples=["2026-11-18T09:30:00Z"])


class Calls(Page[Call]):
    """The newest calls on an account's renewals."""
