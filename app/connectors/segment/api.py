"""/v1/batch and the single calls of the Segment protocol, with the short paths that browsers use."""

from typing import Any

from flask import Response, g

from app.connectors import doors
from app.connectors.segment.translating import PROTOCOL, TYPES
from app.core.http.bodies import read_body
from app.core.problems import Problem
from app.identity import guard

blueprint = doors.door("segment")
MOST_MESSAGES = 2_500
_SHORT = {"t": "track", "i": "identify", "g": "group", "p": "page", "s": "screen", "a": "alias"}


def _body() -> Any:
    """Read the body once: the key may stand in it."""
    if "segment_body" not in g:
        g.segment_raw = read_body()
        g.segment_body = _decoded(g.segment_raw)
    return g.segment_body


def _decoded(data: bytes) -> Any:
    try:
        return doors.read_json(data)
    except Problem as problem:
        return problem


def _key() -> str:
    """A server sends the key as Basic's name, a browser in the body."""
    body = None if (found := guard.presented_key()) else _body()
    return found or (str(body.get("writeKey") or "") if isinstance(body, dict) else "")


@blueprint.post("/v1/batch")
@guard.allow_key("usage:write", _key)
def batch() -> Response:
    """Take in a batch of messages; each that cannot be used yet is kept, so the answer is the same."""
    messages = doors.messages_of(_read(), "batch", MOST_MESSAGES)
    return _take(doors.with_field(messages, "sentAt", _read().get("sentAt")))


@blueprint.post("/v1/<call>")
@guard.allow_key("usage:write", _key)
def single(call: str) -> Response:
    """Take in one message, whose address says its type."""
    kind = _SHORT.get(call, call)
    if kind not in TYPES:
        raise Problem(404, f"There is no call {call!r}: it is one of {', '.join(TYPES)}, or batch.", "no_such_call")
    return _take([{**doors.object_of(_read()), "type": kind}])


def _read() -> Any:
    """Give the body, or say what is wrong with it, now that we know whose it is."""
    body = _body()
    if isinstance(body, Problem):
        doors.keep_body(PROTOCOL, g.segment_raw, body.detail)
        raise body
    return body


def _take(messages: list[Any]) -> Response:
    doors.receive(PROTOCOL, [_without_key(message) for message in messages])
    return doors.plain(success=True)


def _without_key(message: Any) -> Any:
    """What is kept to be replayed, and looked at by people, holds no key."""
    return (
        {name: value for name, value in message.items() if name != "writeKey"} if isinstance(message, dict) else message
    )
