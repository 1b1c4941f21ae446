"""POST /api/v1/events/batch, up to 100 events of Lago's clients. Single ones come in by connectors/openmeter/api.py."""

from flask import Response

from app.connectors import doors
from app.connectors.lago import answering
from app.connectors.lago.translating import PROTOCOL
from app.core.http.bodies import read_body
from app.core.problems import Problem
from app.identity import guard

blueprint = doors.door("lago")
MOST_EVENTS = 100


@blueprint.post("/api/v1/events/batch")
@guard.allow_key("usage:write")
def batch() -> Response:
    """Take in a batch."""
    data = read_body()
    try:
        events = doors.messages_of(doors.read_json(data), "events", MOST_EVENTS)
    except Problem as problem:
        doors.keep_body(PROTOCOL, data, problem.detail)
        raise
    return answering.take_many(events)
