"""POST /api/v1/usage: one event, or up to 1,000, each counted once however often it is sent."""

import zlib
from datetime import datetime
from typing import Annotated, Any

import msgspec
from flask import Blueprint, Response, g, request

from app.core.clock import utc_now
from app.core.problems import Problem
from app.extensions import csrf, db, limiter
from app.identity import guard
from app.usage.ingesting import ingest

blueprint = Blueprint("usage", __name__, url_prefix="/api/v1")
csrf.exempt(blueprint)

MOST_EVENTS = 1_000
MOST_BYTES = 4 * 1024 * 1024
_SHAPE = '{"events": [{"id": …, "account": …, "meter": …, "quantity": …, "at": …}]}'
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]  # PostgreSQL keeps no NUL


class Event(msgspec.Struct, forbid_unknown_fields=True):
    """A thing that happened. `id` makes it count once; `at` needs a time zone; without it, the time of receipt."""

    id: _Name
    account: _Name
    meter: _Name
    quantity: float = 1.0
    at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    user: _Name | None = None


class Batch(msgspec.Struct, forbid_unknown_fields=True):
    """Events as raw JSON, so that each is judged on its own."""

    events: list[msgspec.Raw]
    source: _Name = "api"


@blueprint.post("/usage")
@guard.allow_key("usage:write")
@limiter.limit("6000/minute", key_func=lambda: f"key:{request.headers.get('Authorization', '')[-24:]}")
def post_usage() -> Response:
    """Take in a batch `{"events": […]}` or a single event; 200 when all were taken, 207 when some were refused."""
    source, raws = _read(_body())
    if len(raws) > MOST_EVENTS:
        raise Problem(
            413,
            f"A request takes up to {MOST_EVENTS:,} events; this one holds {len(raws):,}. Split it.",
            "too_many_events",
        )
    now = utc_now()
    good, refused = _judge(raws, now)
    taken = ingest(source, [event for _, event in good], now, g.workspace.time_zone)
    refused += [(good[n][0], field, reason) for n, field, reason in taken.rejected]
    db.session.commit()
    body = {
        "accepted": taken.accepted,
        "duplicates": taken.duplicates,
        "rejected": [
            {"index": n, "pointer": "/".join(("/events", str(n), field)).rstrip("/"), "detail": why}
            for n, field, why in sorted(refused)
        ],
    }
    return Response(msgspec.json.encode(body), 207 if refused else 200, mimetype="application/json")


def _body() -> bytes:
    data = request.get_data(cache=False)
    if request.headers.get("Content-Encoding", "").lower() == "gzip":
        data = _unzipped(data)
    if len(data) > MOST_BYTES:
        raise Problem(
            413, f"A request takes up to {MOST_BYTES // 1024 // 1024} MB. Send fewer events at once.", "too_large"
        )
    return data


def _unzipped(data: bytes) -> bytes:
    try:
        unzip = zlib.decompressobj(wbits=31)
        return unzip.decompress(data, MOST_BYTES + 1)
    except zlib.error as error:
        raise Problem(400, "Content-Encoding says gzip, but the body is not.", "bad_gzip") from error


def _read(data: bytes) -> tuple[str, list[msgspec.Raw]]:
    try:
        batch = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
        if "events" not in batch:
            return "api", [msgspec.Raw(data)]
        whole = msgspec.json.decode(data, type=Batch)
    except msgspec.DecodeError as error:
        raise Problem(400, f"The body is not what it should be: {error}. Send {_SHAPE}.", "bad_body") from error
    return whole.source, whole.events


def _judge(
    raws: list[msgspec.Raw], now: datetime
) -> tuple[list[tuple[int, dict[str, Any]]], list[tuple[int, str, str]]]:
    good, refused = [], []
    for n, raw in enumerate(raws):
        try:
            event = msgspec.json.decode(raw, type=Event)
        except msgspec.DecodeError as error:
            refused.append((n, _field_of(str(error)), str(error)))
            continue
        good.append((n, _as_row(event, now)))
    return good, refused


def _as_row(event: Event, now: datetime) -> dict[str, Any]:
    return {
        "event_id": event.id, "account": event.account, "meter": event.meter, "quantity": event.quantity,
        "happened_at": (event.at or now).isoformat(), "person": event.user,
    }  # fmt: skip


def _field_of(message: str) -> str:
    """Find the field that msgspec speaks of: ``… - at `$.quantity` `` or ``missing required field `id` ``."""
    if "`$." in message:
        return message.rsplit("`$.", 1)[1].rstrip("`")
    return message.partition("field `")[2].partition("`")[0]
