"""POST /api/s/<type>, from browsers, and /api/s/s2s/<type>, from servers. The key is in X-Write-Key."""

from flask import Response

from app.connectors import doors
from app.connectors.jitsu.translating import PROTOCOL
from app.connectors.segment.translating import TYPES
from app.core.http.bodies import read_body
from app.core.problems import Problem
from app.identity import guard

blueprint = doors.door("jitsu")


@blueprint.post("/api/s/<kind>")
@blueprint.post("/api/s/s2s/<kind>")
@guard.allow_key("usage:write")
def take(kind: str) -> Response:
    """Take in one message, whose address says its type; an `event` says it itself."""
    data = read_body()
    try:
        message = doors.object_of(doors.read_json(data))
    except Problem as problem:
        doors.keep_body(PROTOCOL, data, problem.detail)
        raise
    said = {name: value for name, value in message.items() if name != "writeKey"}
    doors.receive(PROTOCOL, [{**said, "type": kind} if kind in TYPES else said])
    return doors.plain(ok=True)
