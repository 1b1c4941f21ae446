"""POST /cloudevents, and the OPTIONS by which senders ask whether they may (CloudEvents web hooks)."""

from flask import Response, request

from app.connectors import doors
from app.connectors.cloudevents.reading import events_of
from app.connectors.cloudevents.translating import PROTOCOL
from app.core.http.bodies import read_body
from app.core.problems import Problem
from app.identity import guard

blueprint = doors.door("cloudevents")


@blueprint.post("/cloudevents")
@guard.allow_key("usage:write")
def take() -> Response:
    """Take in events; each that cannot be used yet is kept, so the answer is the same."""
    data = read_body()
    try:
        events = events_of(request.content_type or "", request.headers, data)
    except Problem as problem:
        doors.keep_body(PROTOCOL, data, problem.detail)
        raise
    doors.receive(PROTOCOL, events)
    return Response(status=204)


@blueprint.after_request
def allow_senders(answer: Response) -> Response:
    """Tell a sender that asks that it may, and how fast: keys, not origins, decide here."""
    if request.method == "OPTIONS" and (origin := request.headers.get("WebHook-Request-Origin")):
        answer.headers["WebHook-Allowed-Origin"] = origin
        answer.headers["WebHook-Allowed-Rate"] = "*"
    return answer
