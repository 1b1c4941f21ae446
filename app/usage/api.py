"""POST /api/v1/usage: one event, or up to 1,000, each counted once however often it is sent."""

from typing import Annotated

import msgspec
from flask import Blueprint, Response, current_app, g

from app.core.clock import utc_now
from app.core.http import quotas
from app.core.http.bodies import read_body
from app.core.http.machines import open_to_machines
from app.core.problems import Problem
from app.identity import guard
from app.usage.intake import taking
from app.usage.intake.committing import SINGLES, Sharing, alone, together
from app.usage.intake.lanes import LANES, lane
from app.usage.intake.taking import Judged, Taken

blueprint = Blueprint("usage", __name__, url_prefix="/api/v1")
open_to_machines(blueprint)  # events are limited, not requests: see charge

MOST_EVENTS = 1_000
SMALL = 50  # events; larger requests are batches
TOGETHER = 500  # events of several batches in one statement: of more, whoever came first would wait for the others
PLACES = quotas.Places(inside=96, outside=0, patience_s=20)  # of 128 threads; those who wait hold no connection
OF_BATCHES = quotas.Places(inside=48, outside=0, patience_s=20)
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
    taken = _take(source, raws)
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


def _take(source: str, raws: list[msgspec.Raw]) -> Taken:
    """Store a request with others of its kind that wait, each request's events once."""
    workspace_id, zone = g.workspace.id, g.workspace.time_zone
    judged, is_batch = taking.judge(raws, utc_now()), len(raws) > SMALL
    sharing = Sharing(LANES, TOGETHER, 0.0, lambda: lane(workspace_id)) if is_batch else SINGLES

    def store(requests: list[Judged]) -> list[Taken]:
        return taking.store_all(source, requests, utc_now(), zone)

    with (OF_BATCHES if is_batch else PLACES).one_for(workspace_id):
        taken: Taken = together((workspace_id, source, zone, is_batch), judged, store, sharing)
    return taken


def _read(data: bytes) -> tuple[str, list[msgspec.Raw]]:
    try:
        batch = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
        if "events" not in batch:
            if any(bytes(value)[:1] == b"[" for value in batch.values()):  # no event has a list
                raise Problem(400, f"A batch keeps its events under `events`. Send {_SHAPE}.", "bad_body")
            return "api", [msgspec.Raw(data)]
        whole = msgspec.json.decode(data, type=Batch)
    except msgspec.DecodeError as error:
        raise Problem(400, f"The body is not what it should be: {error}. Send {_SHAPE}.", "bad_body") from error
    return whole.source, whole.events
