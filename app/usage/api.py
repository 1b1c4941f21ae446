"""POST /api/v1/usage: one event, or up to 1,000, each counted once however often it is sent."""

from typing import Annotated

import msgspec
from flask import Blueprint, Response, current_app, g

from app.core.clock import utc_now
from app.core.http import quotas
from app.core.http.bodies import read_body
from app.core.http.machines import open_to_machines
from app.core.problems import Problem
from app.extensions import db
from app.identity import guard
from app.usage.intake import taking
from app.usage.intake.committing import alone, together
from app.usage.intake.lanes import lane
from app.usage.intake.taking import Taken

blueprint = Blueprint("usage", __name__, url_prefix="/api/v1")
open_to_machines(blueprint)  # events are limited, not requests: see charge

MOST_EVENTS = 1_000
SMALL = 50  # events; smaller requests share a commit
PLACES = quotas.Places(inside=96, outside=0, patience_s=20)  # of 128 threads; they share one connection
OF_BATCHES = quotas.Places(inside=3, outside=45, patience_s=20)  # one more than there are lanes: it is ready at once
_SHAPE = '{"events": [{"id": …, "account": …, "meter": …, "quantity": …, "at": …}]}'
_Source = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


class Batch(msgspec.Struct, forbid_unknown_fields=True):
    """Events as raw JSON, so that each is judged on its own."""

    events: list[msgspec.Raw]
    source: _Source = "api"


@blueprint.post("/usage")
@guard.allow_key("usage:write")
def post_usage() -> Response:
    """Take in a batch `{"events": […]}` or a single event; 200 when all were taken, 207 when some were refused."""
    source, raws = _read(read_body())
    if len(raws) > MOST_EVENTS:
        raise Problem(
            413,
            f"A request takes up to {MOST_EVENTS:,} events; this one holds {len(raws):,}. Split it.",
            "too_many_events",
        )
    charge(len(raws))
    taken = _take_together(source, raws) if len(raws) <= SMALL else _take_alone(source, raws)
    if taken.corrections:
        alone(lambda: taking.correct(source, taken, utc_now(), g.workspace.time_zone))
    rejected = [
        {
            "index": each.index,
            "pointer": "/".join(("/events", str(each.index), each.field)).rstrip("/"),
            "detail": each.detail,
        }
        for each in taken.refused
    ]
    repeats = taken.duplicates - taken.corrected
    body = {"accepted": taken.accepted, "corrected": taken.corrected, "duplicates": repeats, "rejected": rejected}
    return Response(msgspec.json.encode(body), 207 if rejected else 200, mimetype="application/json")


def charge(events: int) -> None:
    """Charge the key of this request. Raises Problem 429 when its minute is used up."""
    quotas.spend(
        f"ingest:{g.workspace.id}:{g.key_id}", max(events, 1), current_app.config["PERENNIAL"].ingest_per_minute
    )


def _take_alone(source: str, raws: list[msgspec.Raw]) -> Taken:
    judged = taking.judge(raws, utc_now())
    db.session.commit()  # who waits for a place holds no connection, which those inside may need
    with OF_BATCHES.one_for(g.workspace.id), lane(g.workspace.id):
        return alone(lambda: taking.store(source, judged, utc_now(), g.workspace.time_zone))


def _take_together(source: str, raws: list[msgspec.Raw]) -> Taken:
    zone = g.workspace.time_zone

    def store(requests: list[list[msgspec.Raw]]) -> list[Taken]:
        return taking.take_all(source, requests, utc_now(), zone)

    with PLACES.one_for(g.workspace.id):
        taken: Taken = together((g.workspace.id, source, zone), raws, store)
    return taken


def _read(data: bytes) -> tuple[str, list[msgspec.Raw]]:
    try:
        batch = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
        if "events" not in batch:
            return "api", [msgspec.Raw(data)]
        whole = msgspec.json.decode(data, type=Batch)
    except msgspec.DecodeError as error:
        raise Problem(400, f"The body is not what it should be: {error}. Send {_SHAPE}.", "bad_body") from error
    return whole.source, whole.events
