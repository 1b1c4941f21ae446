"""Churn events: what somebody wrote down about a leaving. Kept as internal notes; ARR is left to the subscriptions."""

from typing import Any

from app.connectors.csv.book import Book
from app.connectors.csv.kinds.interactions import said
from app.connectors.csv.kinds.kind import Field, Kind, Refusal, Values
from app.connectors.csv.kinds.referring import ACCOUNT_FIELDS, SUBSCRIPTION_FIELD, account_of

_AHEAD_SECONDS = 86_400


def shape(values: Values, book: Book) -> dict[str, Any]:
    """A note on the account's timeline on that day. It ends nothing: an end date in the subscriptions does."""
    if (values["happened_at"] - book.now).total_seconds() > _AHEAD_SECONDS:
        raise Refusal("happened_at", "is in the future")
    account = account_of(values, book)
    given = values.get("external_id") or f"{account}:{values['happened_at'].date()}"
    reason = values.get("reason")
    title = "Reactivation" if values.get("is_reactivation") else "Churn event"
    return {
        "external_id": f"churn:{given}",
        "account": account,
        "contact": None,
        "channel": "note",
        "direction": "internal",
        "subject": f"{title}: {reason}" if reason else title,
        "body": said(values),
        "happened_at": values["happened_at"],
        "author": "import",
    }


KIND = Kind(
    code="churn_events",
    title="Churn events",
    explains="One row a leaving, as somebody wrote it down. Kept as a note on the timeline; it ends no subscription.",
    words=("churn", "cancel", "attrition", "lost"),
    needs=(("account", "account_name", "subscription"), ("happened_at",)),
    shape=shape,
    fields=(
        Field("external_id", "Event id", "text", "churn_event_id churn_id cancellation_id event_id id external_id"),
        *ACCOUNT_FIELDS,
        SUBSCRIPTION_FIELD,
        Field(
            "happened_at",
            "Churned on",
            "moment",
            "churn_date churned_on churned_at cancel_date cancelled_at canceled_at cancellation_date date lost_on",
        ),
        Field("reason", "Reason", "text", "reason_code reason churn_reason cancellation_reason category"),
        Field(
            "body",
            "Feedback",
            "text",
            "feedback_text feedback comment notes comments description explanation",
            longest=20_000,
        ),
        Field("is_reactivation", "Is a reactivation", "flag", "is_reactivation reactivation reactivated won_back"),
        Field(
            "detail",
            "Show below the feedback",
            "text",
            "refund_amount refund_amount_usd refund preceding_upgrade_flag preceding_downgrade_flag",
            many=True,
            longest=20_000,
        ),
    ),
)
