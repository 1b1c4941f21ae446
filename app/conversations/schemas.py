"""Interactions as the REST API writes them."""

from datetime import datetime
from typing import Literal

from pydantic import Field, JsonValue

from app.core.rest.schemas import Asked, Given, Line, Moment, Number, Page, Paged, Shown, Text

Channel = Literal["email", "phone", "chat", "ticket", "social", "community", "in_app", "meeting", "note"]
Direction = Literal["in", "out", "internal"]


class InteractionPath(Asked):
    """Which interaction."""

    interaction_id: Number = Field(description="Our number of the interaction.")


class InteractionGiven(Given):
    """One thing said: by the customer (in), to them (out), or about them among yourselves (internal).

    What is left out is emptied.
    """

    source: Line = Field("api", description="Which system it comes from.", examples=["helpdesk"])
    external_id: Line = Field(description="Its id there.", examples=["ticket-4711"])
    account: Line = Field(description="The account's external id.", examples=["acme"])
    contact: Line | None = Field(None, description="The external id of who spoke.", examples=["acme-ann"])
    channel: Channel = Field(examples=["ticket"])
    direction: Direction = Field(examples=["in"])
    subject: Line | None = Field(None, examples=["Export fails"])
    body: Text | None = Field(None, examples=["The export has failed for the third time this week."])
    happened_at: Moment = Field(examples=["2026-11-18T09:30:00Z"])
    author: Line | None = Field(None, examples=["Ann Archer"])
    satisfaction: float | None = Field(None, ge=1, le=5, description="From 1 to 5.", examples=[None])
    priority: Line | None = Field(None, examples=["urgent"])
    escalated: bool = Field(False, examples=[False])
    resolved_at: Moment | None = Field(None, examples=[None])
    reach: int | None = Field(None, ge=0, le=10**12, description="Of a public word: how many saw it.", examples=[None])
    thread: Line | None = Field(None, examples=["ticket-4711"])


class Interaction(Shown):
    """One thing said, with the customer's mood."""

    id: int = Field(examples=[1])
    source: str = Field(examples=["helpdesk"])
    external_id: str = Field(examples=["ticket-4711"])
    account_id: int = Field(examples=[1])
    contact_id: int | None = Field(examples=[1])
    channel: str = Field(examples=["ticket"])
    direction: Direction = Field(examples=["in"])
    subject: str | None = Field(examples=["Export fails"])
    body: str | None = Field(examples=["The export has failed for the third time this week."])
    happened_at: datetime = Field(examples=["2026-11-18T09:30:00Z"])
    recorded_at: datetime = Field(examples=["2026-11-18T09:31:00Z"])
    author: str | None = Field(examples=["Ann Archer"])
    sentiment: float | None = Field(description="−1 to 1; null where it is not the customer's word.", examples=[-0.62])
    sentiment_why: dict[str, JsonValue] | None = Field(
        examples=[{"words": ["failed"], "flags": [], "version": "vader-3.3.2+1"}]
    )
    satisfaction: float | None = Field(examples=[None])
    priority: str | None = Field(examples=["urgent"])
    escalated: bool = Field(examples=[False])
    resolved_at: datetime | None = Field(examples=[None])
    reach: int | None = Field(examples=[None])
    thread: str | None = Field(examples=["ticket-4711"])


class Interactions(Page[Interaction]):
    """A page of interactions."""


class OfAccountAsked(Paged):
    """Which of an account's interactions."""

    channel: Channel | None = None
