"""Says in our terms what an event of Lago says: `code` is the meter, the subscription stands for its account."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.connectors.saying import Said, UnusableError, mapping_of, moment_of, text_of
from app.connectors.taking import Protocol


def translate(message: Mapping[str, Any], received: datetime) -> Said | None:
    """Translate one event. Raises UnusableError naming the field."""
    for name in ("transaction_id", "external_subscription_id", "code"):
        if text_of(message, name) is None:
            raise UnusableError(name, f"`{name}` must be there.")
    subscription = text_of(message, "external_subscription_id")
    return Said(
        id=f"{subscription} {text_of(message, 'transaction_id')}",  # unique a subscription, says Lago
        at=moment_of(message, "timestamp") or received,
        event=text_of(message, "code"),
        is_metered=True,
        properties=mapping_of(message, "properties"),
        subscription=subscription,
    )


PROTOCOL = Protocol("lago", "transaction_id", translate)
