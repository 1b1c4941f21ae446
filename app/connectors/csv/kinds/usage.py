"""Usage: what was used, by whom, on which day or at which moment."""

import re
from decimal import Decimal
from functools import lru_cache
from typing import Any

from app.connectors.csv.book import Book
from app.connectors.csv.kinds.kind import Field, Kind, Refusal, Values
from app.connectors.csv.kinds.referring import ACCOUNT_FIELDS, PERSON_FIELD, SUBSCRIPTION_FIELD, account_of, person_of

TOTAL = "usage"
_USUAL_NAMES = {
    "error_count": "errors",
    "login_count": "logins",
    "session_count": "sessions",
    "api_call_count": "api_calls",
}
_AHEAD_SECONDS = 86_400


def shape(values: Values, book: Book) -> dict[str, Any]:
    """Give the row's day, quantity, feature (its meter, or None) and the further things that it counts, by meter."""
    if (values["happened_at"] - book.now).total_seconds() > _AHEAD_SECONDS:
        raise Refusal("happened_at", "is in the future")
    measures = {code_of(column): number for column, number in values.get("measure", {}).items()}
    return {
        "external_id": values.get("external_id"),
        "account": account_of(values, book),
        "subscription": values.get("subscription"),
        "happened_at": values["happened_at"],
        "quantity": _quantity(values),
        "feature": code_of(values["feature"]) if values.get("feature") else None,
        "measures": measures,
        "person": person_of(values, book) or values.get("person"),
    }


@lru_cache(maxsize=4_096)
def code_of(name: str) -> str:
    """Give the code of the meter that a feature or column of this name counts on."""
    code = re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_")[:60] or "unnamed"
    return _USUAL_NAMES.get(code, code)


def _quantity(values: Values) -> Decimal:
    """Without a column of quantities each row is one use; an empty quantity in such a column is none."""
    if "quantity" not in values:
        return Decimal(0 if "measure" in values else 1)
    quantity = values["quantity"] if values["quantity"] is not None else Decimal(0)
    if quantity < 0:
        raise Refusal("quantity", "is negative: usage is never taken back")
    return quantity


KIND = Kind(
    code="usage",
    title="Usage",
    explains="One row a day and feature, or one row an event. Each row counts on its account's usage.",
    words=("usage", "event", "activit", "feature", "login", "session", "telemetry", "metering"),
    needs=(("account", "account_name", "subscription", "person"), ("happened_at",)),
    shape=shape,
    fields=(
        Field("external_id", "Row id", "text", "usage_id event_id id row_id external_id uuid message_id"),
        *ACCOUNT_FIELDS,
        SUBSCRIPTION_FIELD,
        PERSON_FIELD,
        Field(
            "happened_at",
            "Day or moment",
            "moment",
            "usage_date date day timestamp happened_at event_time occurred_at event_date time created_at "
            "activity_date period",
        ),
        Field(
            "feature",
            "Feature or event name",
            "text",
            "feature_name feature event_name event meter metric action module event_type",
        ),
        Field(
            "quantity", "Quantity", "number", "usage_count count quantity value events uses units usage total amount"
        ),
        Field(
            "measure",
            "Count it as a meter of its own",
            "number",
            "error_count errors usage_duration_secs duration duration_secs duration_seconds logins login_count "
            "sessions session_count api_calls reports exports minutes active_users page_views messages_sent "
            "projects_created",
            many=True,
        ),
    ),
)
