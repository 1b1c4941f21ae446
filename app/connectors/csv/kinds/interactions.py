"""Interactions: tickets, calls, mails, meetings. They stand on the accounts' timelines."""

from typing import Any

from app.connectors.csv.book import Book
from app.connectors.csv.kinds.kind import Field, Kind, Refusal, Values
from app.connectors.csv.kinds.referring import ACCOUNT_FIELDS, PERSON_FIELD, SUBSCRIPTION_FIELD, account_of, person_of

_AHEAD_SECONDS = 86_400
_NOTHING_TO_TELL = frozenset({"false", "no", "0"})
_KEPT = ("author", "satisfaction", "priority", "resolved_at", "reach", "thread")


def shape(values: Values, book: Book) -> dict[str, Any]:
    """Ids are kept apart by channel, since a helpdesk and a phone system both count from 1."""
    happened, resolved = values["happened_at"], values.get("resolved_at")
    if (happened - book.now).total_seconds() > _AHEAD_SECONDS:
        raise Refusal("happened_at", "is in the future")
    if resolved is not None and resolved < happened:
        raise Refusal("resolved_at", "is before the opening")
    channel, given = values.get("channel") or "ticket", values["external_id"]
    direction = values.get("direction") or ("internal" if channel == "note" else "in")
    record = {code: values.get(code) for code in _KEPT} | {"escalated": bool(values.get("escalated"))}
    return record | {
        "external_id": f"{channel}:{given}",
        "account": account_of(values, book),
        "contact": person_of(values, book),
        "channel": channel,
        "direction": direction,
        "subject": values.get("subject") or f"{channel.replace('_', ' ').capitalize()} {given}",
        "body": said(values),
        "happened_at": happened,
    }


def said(values: Values) -> str | None:
    """Put the words first and below them each column that was mapped to be shown, with its name."""
    told = {
        column: text for column, text in values.get("detail", {}).items() if text.casefold() not in _NOTHING_TO_TELL
    }
    details = [f"{_spoken(column)}: {text}" for column, text in told.items()]
    return "\n".join(filter(None, (values.get("body"), " · ".join(details)))) or None


def _spoken(column: str) -> str:
    return column.replace("_", " ").strip().capitalize()


KIND = Kind(
    code="interactions",
    title="Tickets and other conversations",
    explains="One row a ticket, call, mail or meeting. It stands on the account's timeline.",
    words=(
        "ticket",
        "interaction",
        "conversation",
        "case",
        "call",
        "meeting",
        "email",
        "support",
        "chat",
        "survey",
        "csat",
    ),
    needs=(("external_id",), ("account", "account_name", "subscription", "person"), ("happened_at",)),
    shape=shape,
    fields=(
        Field(
            "external_id",
            "Ticket or message id",
            "text",
            "ticket_id interaction_id case_id case_number conversation_id call_id meeting_id message_id email_id "
            "chat_id ticket id external_id number activity_id",
        ),
        *ACCOUNT_FIELDS,
        SUBSCRIPTION_FIELD,
        PERSON_FIELD,
        Field("channel", "Channel", "channel", "channel via type medium source_channel activity_type"),
        Field("direction", "Direction", "direction", "direction inbound_outbound sender_type"),
        Field("subject", "Subject", "text", "subject title summary topic subject_line"),
        Field(
            "body",
            "Words",
            "text",
            "body description text message content notes comment details transcript",
            longest=20_000,
        ),
        Field(
            "happened_at",
            "Opened or happened at",
            "moment",
            "submitted_at created_at opened_at happened_at date timestamp created occurred_at start_time sent_at "
            "created_on opened started_at open_date",
        ),
        Field(
            "resolved_at",
            "Resolved at",
            "moment",
            "closed_at resolved_at solved_at completed_at closed resolved closed_on resolution_date close_date",
        ),
        Field("priority", "Priority", "word", "priority severity urgency"),
        Field(
            "satisfaction",
            "Satisfaction (1 to 5)",
            "satisfaction",
            "satisfaction_score satisfaction csat csat_score rating satisfaction_rating",
            missed="satisfaction of these is unknown, and left out of every mean; it is not taken for neutral",
        ),
        Field("escalated", "Escalated", "flag", "escalation_flag escalated is_escalated escalation"),
        Field("author", "Handled by", "text", "author agent assignee owner handled_by rep agent_name"),
        Field("reach", "People who could read it", "whole", "reach views followers audience"),
        Field("thread", "Thread", "text", "thread thread_id parent_ticket_id"),
        Field(
            "detail",
            "Show below the words",
            "text",
            "resolution_time_hours first_response_time_minutes first_response_time product category tags tag",
            many=True,
            longest=20_000,
        ),
    ),
)
