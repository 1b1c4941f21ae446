"""POST /api/v1/events: CloudEvents of OpenMeter's clients, and single events of Lago's, told apart by their shape."""

from typing import Any

from flask import Response, request

from app.connectors import doors
from app.connectors.cloudevents.reading import events_of
from app.connectors.lago import answering
from app.connectors.openmeter.translating import PROTOCOL
from app.core.http.bodies import read_body
from app.core.problems import Problem
from app.identity import guard

blueprint = doors.door("openmeter")


@blueprint.post("/api/v1/events")
@guard.allow_key("usage:write")
def take() -> Response:
    """Take in events; each that cannot be used yet is kept, so the answer is the same."""
    data = read_body()
    if (event := _of_lago(data)) is not None:
        return answering.take_one(event)
    try:
        events = events_of(request.content_type or "", request.headers, data) if data else []
    except Problem as problem:
        doors.keep_body(PROTOCOL, data, problem.detail)
        raise
    doors.receive(PROTOCOL, events)
    return Response(status=204)


def _of_lago(data: bytes) -> Any:
    if not (request.content_type or "").startswith("application/json"):
        return None
    try:
        body = doors.read_json(data) if data else None
    except Problem:
        return None
    return body.get("event") if isinstance(body, dict) else None
