"""Says in our terms what an event of PostHog says."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.connectors.saying import Said, UnusableError, happened_at, id_of, mapping_of, moment_of, text_of
from app.connectors.taking import Protocol

_COMPANIES = ("company", "organization", "account", "customer", "workspace", "team")
_VIEWS = {"$pageview": "page_view", "$screen": "screen_view"}
_OF_ITSELF = frozenset({"$autocapture"})  # of the events that the library makes, what people do with the product


def translate(message: Mapping[str, Any], received: datetime) -> Said | None:
    """Translate one event; what the library says of itself ($feature_flag_called and its kin) is nothing to us.

    Raises UnusableError naming the field.
    """
    event, properties = text_of(message, "event"), mapping_of(message, "properties")
    if event is None:
        raise UnusableError("event", "An event must say its name in `event`.")
    at = happened_at(moment_of(message, "timestamp"), moment_of(message, "sent_at", "created_at"), received)
    person = text_of(message, "distinct_id") or text_of(properties, "distinct_id")
    shared: dict[str, Any] = {"id": id_of(message, "uuid"), "at": at, "person": person, "account": _company(properties)}
    if event in _TOLD:
        return Said(**shared | _TOLD[event](message, properties))
    if event.startswith("$") and event not in _VIEWS and event not in _OF_ITSELF:
        return None
    traits = _traits(message, properties) or None
    said = {name: value for name, value in properties.items() if not name.startswith("$")}
    return Said(**shared, event=_VIEWS.get(event, event), properties=said, person_traits=traits)


def _company(properties: Mapping[str, Any]) -> str | None:
    groups = mapping_of(properties, "$groups")
    kind = next((kind for kind in _COMPANIES if groups.get(kind)), next(iter(groups), None))
    return text_of(groups, kind) if kind else None


def _traits(message: Mapping[str, Any], properties: Mapping[str, Any]) -> dict[str, Any]:
    once = {**mapping_of(message, "$set_once"), **mapping_of(properties, "$set_once")}
    return {**once, **mapping_of(message, "$set"), **mapping_of(properties, "$set")}


def _identify(message: Mapping[str, Any], properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"person_traits": _traits(message, properties), "was": text_of(properties, "$anon_distinct_id")}


def _group(_message: Mapping[str, Any], properties: Mapping[str, Any]) -> dict[str, Any]:
    """Without a person: servers name a made-up one here."""
    account = text_of(properties, "$group_key")
    if account is None:
        raise UnusableError("properties.$group_key", "A $groupidentify must say its `$group_key`.")
    return {"account": account, "account_traits": mapping_of(properties, "$group_set"), "person": None}


def _alias(_message: Mapping[str, Any], properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"was": text_of(properties, "distinct_id"), "person": text_of(properties, "alias")}


_TOLD = {"$set": _identify, "$identify": _identify, "$groupidentify": _group, "$create_alias": _alias}
PROTOCOL = Protocol("posthog", "uuid", translate)
