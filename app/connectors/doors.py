"""What the doors of all protocols share: who may knock from a browser, what a request may hold, how it is taken in."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from flask import Blueprint, Response, g, request

from app.connectors.taking import Protocol, take
from app.core import clock
from app.core.http import quotas
from app.core.http.machines import open_to_machines
from app.core.problems import Problem
from app.extensions import db
from app.usage.api import charge
from app.usage.intake.committing import alone
from app.usage.intake.holding import Held, hold
from app.usage.intake.sourcing import note_intake
from app.usage.intake.taking import Taken

PLACES = quotas.Places(inside=6, outside=90, patience_s=20)  # of 128 threads; each inside takes a connection


def door(name: str) -> Blueprint:
    """Make the blueprint of a protocol: open to pages of any origin, which show a key of their own and no cookie."""
    blueprint = Blueprint(name, f"app.connectors.{name}")
    open_to_machines(blueprint)
    blueprint.after_request(_open_to_browsers)
    return blueprint


def read_json(data: bytes) -> Any:
    """Give what a JSON body says. Raises Problem 400."""
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem(400, f"The body is not JSON: {error}.", "bad_body") from error


def object_of(body: Any) -> dict[str, Any]:
    """Give a body that is one message. Raises Problem 400."""
    if not isinstance(body, dict):
        raise Problem(400, "The body must be an object: one message.", "bad_body")
    return body


def messages_of(body: Any, name: str, most: int) -> list[Any]:
    """Give the messages of an envelope. Raises Problem 400 or 413."""
    found = body.get(name) if isinstance(body, Mapping) else None
    if not isinstance(found, list):
        pointer = [{"pointer": f"/{name}", "detail": "must be an array"}]
        raise Problem(400, f"The body must be an object whose `{name}` is an array of messages.", "bad_body", pointer)
    if len(found) > most:
        raise Problem(
            413, f"A request takes up to {most:,} messages; this one holds {len(found):,}.", "too_many_events"
        )
    return found


def receive(protocol: Protocol, messages: Sequence[Any], source: str | None = None) -> Taken:
    """Take in the messages of this request, durably, once each. Raises Problem 429 when the key sends too much."""
    charge(len(messages))
    now = clock.utc_now()
    db.session.commit()  # who waits for a place holds no connection, which those inside may need
    with PLACES.one_for(g.workspace.id):
        return alone(lambda: take(source or source_name(protocol), protocol, messages, g.workspace, now))


def keep_body(protocol: Protocol, data: bytes, detail: str) -> None:
    """Keep a body that could not be read, so that its sender's mistake can be looked at."""
    now = clock.utc_now()
    source = source_name(protocol)
    text = data[:4096].decode(errors="replace")
    hold(source, protocol.name, [Held(text, {"body": text}, "body", "", detail)], now)
    note_intake(source, 0, 0, 1, now)
    db.session.commit()


def source_name(protocol: Protocol) -> str:
    """Name the source that a key is: the same after the key was rotated."""
    return f"{protocol.name}: {g.key_name.removeprefix('key ')}"


def with_field(messages: Sequence[Any], name: str, value: Any) -> list[Any]:
    """Give messages with what their envelope says of all of them, so that each can be kept and replayed alone."""
    if value is None:
        return list(messages)
    return [{name: value, **each} if isinstance(each, Mapping) else each for each in messages]


def plain(status: int = 200, /, **body: Any) -> Response:
    """Answer with a small JSON object."""
    return Response(msgspec.json.encode(body), status, mimetype="application/json")


def _open_to_browsers(answer: Response) -> Response:
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    if request.method == "OPTIONS":
        answer.headers["Access-Control-Allow-Methods"] = "POST, OPTIONS"
        wanted = request.headers.get("Access-Control-Request-Headers", "authorization, content-type")
        answer.headers["Access-Control-Allow-Headers"] = wanted
        answer.headers["Access-Control-Max-Age"] = "86400"
    else:
        answer.headers["Access-Control-Expose-Headers"] = "Retry-After, X-Request-ID"
    return answer
