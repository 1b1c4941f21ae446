"""Reads CloudEvents 1.0 off an HTTP request: binary (ce- headers), structured, batched."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from werkzeug.datastructures import Headers

from app.connectors.doors import messages_of, read_json
from app.core.problems import Problem

MOST_EVENTS = 1_000
_ATTRIBUTES = {"id", "source", "type", "specversion"}


def events_of(content_type: str, headers: Headers, body: bytes) -> list[Any]:
    """Give the events of a request in the JSON format. The Content-Type decides, then the headers (spec, 3.1.3).

    Raises Problem 400, 413 or 415.
    """
    kind = content_type.lower().partition(";")[0].strip()
    if kind in {"application/cloudevents-batch", "application/cloudevents-batch+json"}:
        return messages_of({"events": read_json(body)}, "events", MOST_EVENTS)
    if kind in {"application/cloudevents", "application/cloudevents+json"}:
        return [_as_event(read_json(body))]
    if any(name.lower().startswith("ce-") for name in headers.keys()):  # noqa: SIM118 - werkzeug's iterate over pairs
        return [_binary(kind, headers, body)]
    return _plain(kind, body)


def _binary(kind: str, headers: Headers, body: bytes) -> dict[str, Any]:
    attributes = {
        name.lower().removeprefix("ce-"): unquote(value.strip('"'))
        for name, value in headers.items()
        if name.lower().startswith("ce-")
    }
    if not body:
        return attributes
    if kind in {"", "application/json"} or kind.endswith("+json"):
        return attributes | {"data": read_json(body)}
    return attributes | {"data_base64": b64encode(body).decode(), "datacontenttype": kind}


def _plain(kind: str, body: bytes) -> list[Any]:
    """Plain JSON that is a CloudEvent or a list of them is welcome: some senders name no media type of their own."""
    if kind not in {"", "application/json", "text/plain"}:
        accepted = "application/cloudevents+json, application/cloudevents-batch+json, or ce- headers"
        raise Problem(415, f"{kind!r} is no CloudEvent: send {accepted}.", "bad_content_type")
    found = read_json(body)
    return messages_of({"events": found}, "events", MOST_EVENTS) if isinstance(found, list) else [_as_event(found)]


def _as_event(found: Any) -> Any:
    if not isinstance(found, Mapping) or not found.keys() & _ATTRIBUTES:
        raise Problem(
            400, "The body must be a CloudEvent: an object with id, source, type and specversion.", "bad_body"
        )
    return found
