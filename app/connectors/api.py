"""What was sent and is not in the book yet, for machines: seen, and replayed once its cause is mended."""

from typing import Any

from app.connectors import schemas
from app.connectors.replaying import ask_for_replay
from app.connectors.webhooks import replaying as webhooks
from app.core.problems import Problem
from app.core.rest.api import Answer, blueprint_of, reads, whole, writes
from app.identity import guard
from app.usage import holding

blueprint = blueprint_of("replays", __name__, "Held", "What was sent and acknowledged, but is not in the book yet.")


@blueprint.get("/held-events", responses={200: schemas.HeldGroups})
@guard.allow_key("book:read")
@reads
def list_held() -> Any:
    """List what is held

    Events that name an account, person or meter we do not know, or hold a value that cannot be, by reason.
    """
    return whole(schemas.HeldGroups, holding.open_groups(), schemas.HeldGroup.model_validate)


@blueprint.post("/held-events/replay", responses={202: schemas.Waiting})
@guard.allow_key("data:write")
@writes
def replay_held(body: schemas.ReplayGiven) -> Answer:
    """Replay what is held

    Once its cause is mended: each event is counted on the day it happened, once. A worker does it at once.
    """
    if body.value is not None and body.reason is None:
        told = [{"pointer": "/value", "detail": "A value is of a reason: say which."}]
        raise Problem(422, "`value` needs a `reason`.", "refused", told)
    ask_for_replay(body.reason, body.value)
    guard.note("replay", "held events", reason=body.reason, value=body.value)
    return Answer(schemas.Waiting(state="waiting"), 202)


@blueprint.post("/webhook-deliveries/<digits:delivery_id>/replay", responses={202: schemas.Waiting})
@guard.allow_key("data:write")
@writes
def replay_delivery(path: schemas.DeliveryPath) -> Answer:
    """Replay a webhook delivery

    It is brought into the book once more from what was kept, whatever became of it before.
    """
    delivery = webhooks.replay(path.delivery_id)
    guard.note("replayed", "webhook delivery", path.delivery_id, type=delivery.event_type)
    return Answer(schemas.Waiting(state="waiting"), 202)
