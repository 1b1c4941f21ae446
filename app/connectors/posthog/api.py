"""/batch/, /i/v0/e/, /e/ and /capture/ (key in the body), /i/v1/analytics/events (key as bearer's).

Browsers also ask what PostHog would do besides, such as feature flags and recordings: nothing here.
"""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from flask import Response, g, request

from app.connectors import doors
from app.connectors.posthog.translating import PROTOCOL
from app.connectors.saying import id_of
from app.core.http.bodies import read_body
from app.core.problems import Problem
from app.identity import guard

blueprint = doors.door("posthog")
MOST_EVENTS = 10_000
_NOTHING_BESIDES = {  # no word on surveys: it fetches a script for them even where it is told that there are none
    "supportedCompression": ["gzip", "gzip-js"], "hasFeatureFlags": False, "sessionRecording": False, "heatmaps": False,
    "capturePerformance": False, "autocaptureExceptions": False, "siteApps": [], "toolbarParams": {},
}  # fmt: skip


def _body() -> Any:
    """Read the body once: the key stands in it."""
    if "posthog_body" not in g:
        g.posthog_raw = read_body()
        try:
            g.posthog_body = doors.read_json(_unwrapped(g.posthog_raw))
        except Problem as problem:
            g.posthog_body = problem
    return g.posthog_body


def _unwrapped(data: bytes) -> bytes:
    """Older browsers send a form with the JSON in base64."""
    if not data.startswith(b"data="):
        return data
    try:
        return b64decode(parse_qs(data.decode())["data"][0], validate=True)
    except (Base64Error, UnicodeDecodeError, KeyError) as error:
        raise Problem(400, "The form's `data` is not base64.", "bad_body") from error


def _key() -> str:
    body = _body()
    first = body[0] if isinstance(body, list) and body else body
    if not isinstance(first, Mapping):
        return guard.presented_key()
    properties = first.get("properties")
    inside = properties.get("token") if isinstance(properties, Mapping) else None
    return str(first.get("api_key") or first.get("token") or inside or guard.presented_key())


@blueprint.post("/batch/")
@blueprint.post("/batch", endpoint="batch_without_slash")
@blueprint.post("/i/v0/e/")
@blueprint.post("/e/")
@blueprint.post("/capture/")
@guard.allow_key("usage:write", _key)
def capture() -> Response:
    """Take in a batch, a list or a single event; each that cannot be used yet is kept, so the answer is the same."""
    doors.receive(PROTOCOL, _events(_read()))
    return doors.plain(status=1)


@blueprint.post("/i/v1/analytics/events")
@guard.allow_key("usage:write", _key)
def events() -> Response:
    """Take in a batch and say of each event what became of it: ok, or warning for what is held."""
    body = _read()
    found = doors.messages_of(body, "batch", MOST_EVENTS)
    taken = doors.receive(PROTOCOL, doors.with_field(found, "created_at", body.get("created_at")))
    held = {each.index: each.detail for each in taken.refused}
    results = {
        _id_of(event): {"result": "warning", "details": held[n]} if n in held else {"result": "ok"}
        for n, event in enumerate(found)
    }
    return doors.plain(results=results)


def _key_in_address() -> str:
    return str((request.view_args or {})["key"])


@blueprint.get("/array/<key>/config")
@guard.allow_key("usage:write", _key_in_address)
def besides(key: str) -> Response:  # noqa: ARG001 - the guard has read it
    """Say what a browser's library is to do beyond sending events."""
    return doors.plain(**_NOTHING_BESIDES)


@blueprint.get("/array/<key>/config.js")
@guard.allow_key("usage:write", _key_in_address)
def besides_as_script(key: str) -> Response:  # noqa: ARG001
    """Give an empty script: the library asks for the above then."""
    return Response("", mimetype="text/javascript")


@blueprint.post("/flags/")
@guard.allow_key("usage:write", _key)
def flags() -> Response:
    """Say that there are no feature flags, to a library that asks before it has heard so."""
    return doors.plain(flags={}, errorsWhileComputingFlags=False)


def _read() -> Any:
    body = _body()
    if isinstance(body, Problem):
        doors.keep_body(PROTOCOL, g.posthog_raw, body.detail)
        raise body
    return body


def _events(body: Any) -> list[Any]:
    if isinstance(body, list):
        return [_without_key(each) for each in doors.messages_of({"batch": body}, "batch", MOST_EVENTS)]
    if isinstance(body, Mapping) and "batch" not in body:
        return [_without_key(body)]
    found = [_without_key(each) for each in doors.messages_of(body, "batch", MOST_EVENTS)]
    return doors.with_field(found, "sent_at", body.get("sent_at"))


def _without_key(event: Any) -> Any:
    """What is kept to be replayed, and looked at by people, holds no key."""
    if not isinstance(event, Mapping):
        return event
    kept = {name: value for name, value in event.items() if name not in {"api_key", "token"}}
    if isinstance(kept.get("properties"), Mapping):
        kept["properties"] = {name: value for name, value in kept["properties"].items() if name != "token"}
    return kept


def _id_of(event: Any) -> str:
    return id_of(event if isinstance(event, Mapping) else {"": event}, "uuid")
