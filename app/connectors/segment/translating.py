"""Says in our terms what a message of the Segment spec says."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.connectors.saying import Said, UnusableError, happened_at, id_of, mapping_of, moment_of, text_of
from app.connectors.taking import Protocol

TYPES = ("track", "identify", "group", "page", "screen", "alias")


def translate(message: Mapping[str, Any], received: datetime) -> Said | None:
    """Translate one message. Raises UnusableError naming the field."""
    kind = text_of(message, "type")
    if kind not in TYPES:
        raise UnusableError("type", f"`type` must be one of {', '.join(TYPES)}, and is {kind!r}.")
    context = mapping_of(message, "context")
    at = happened_at(moment_of(message, "timestamp", "originalTimestamp"), moment_of(message, "sentAt"), received)
    shared: dict[str, Any] = {
        "id": id_of(message, "messageId"),
        "at": at,
        "person": text_of(message, "userId") or text_of(message, "anonymousId"),
        "account": text_of(message, "groupId") or text_of(context, "groupId"),
        "consents": mapping_of(mapping_of(context, "consent"), "categoryPreferences") or None,
    }
    return Said(**shared | _OF_TYPE[kind](message, context))


def _track(message: Mapping[str, Any], _context: Mapping[str, Any]) -> dict[str, Any]:
    event = text_of(message, "event")
    if event is None:
        raise UnusableError("event", "A track call must say its `event`.")
    return {"event": event, "properties": mapping_of(message, "properties")}


def _page(message: Mapping[str, Any], _context: Mapping[str, Any]) -> dict[str, Any]:
    name = text_of(message, "name", 2000)
    properties = {**mapping_of(message, "properties"), **({"name": name} if name else {})}
    return {"event": f"{message['type']}_view", "properties": properties}


def _identify(message: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, Any]:
    """RudderStack's Python library puts the traits into the context."""
    traits = mapping_of(message, "traits") or mapping_of(context, "traits")
    company = traits.get("company") if isinstance(traits.get("company"), Mapping) else {}
    told: dict[str, Any] = {"person_traits": traits}
    if company and (of_company := text_of(company, "id")):
        told |= {"account": of_company, "account_traits": {key: value for key, value in company.items() if key != "id"}}
    was = text_of(message, "anonymousId")
    return told | ({"was": was} if was and text_of(message, "userId") else {})


def _group(message: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, Any]:
    group = text_of(message, "groupId")
    if group is None:
        raise UnusableError("groupId", "A group call must say its `groupId`.")
    return {"account": group, "account_traits": mapping_of(message, "traits") or mapping_of(context, "traits")}


def _alias(message: Mapping[str, Any], _context: Mapping[str, Any]) -> dict[str, Any]:
    return {"was": text_of(message, "previousId")}


_OF_TYPE = {"track": _track, "identify": _identify, "group": _group, "page": _page, "screen": _page, "alias": _alias}
PROTOCOL = Protocol("segment", "messageId", translate)
