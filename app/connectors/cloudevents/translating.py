"""Says in our terms what a CloudEvent of usage says: its subject is the account, its type the meter."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.connectors.saying import Said, UnusableError, moment_of, text_of
from app.connectors.taking import Protocol


def translate(message: Mapping[str, Any], received: datetime) -> Said | None:
    """Translate one event. Raises UnusableError naming the attribute."""
    version = message.get("specversion", "1.0")
    if version != "1.0":
        raise UnusableError("specversion", f"`specversion` must be 1.0, and is {version!r}.")
    event_id, source = _required(message, "id"), _required(message, "source")
    if " " in source:
        raise UnusableError("source", "`source` must be a URI reference, which holds no space.")
    data = message.get("data")
    return Said(
        id=f"{source} {event_id}",  # unique together, says the spec; no URI holds the space between them
        at=moment_of(message, "time") or received,
        event=_required(message, "type"),
        is_metered=True,
        properties=data if isinstance(data, Mapping) else {} if data is None else {"value": data},
        account=_required(message, "subject"),
        person=text_of(message, "user") or text_of(message, "userid"),
    )


def _required(message: Mapping[str, Any], name: str) -> str:
    found = text_of(message, name, 400)
    if found is None:
        what = "the account the usage is of" if name == "subject" else "as CloudEvents 1.0 asks"
        raise UnusableError(name, f"`{name}` must be there: {what}.")
    return found


PROTOCOL = Protocol("cloudevents", "id", translate)
