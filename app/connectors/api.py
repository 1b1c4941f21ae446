"""What was sent and is not in the book yet, for machines: seen, and replayed once its cause is mended."""

from typing import Any

from app.accounts.intake import naming
from app.connectors import schemas
from app.connectors.replaying import ask_for_replay, match_by_rules
from app.connectors.webhooks import replaying as webhooks
from app.core import clock
from app.core.paging import read_number
from app.core.problems import Problem
from app.core.rest.api import Answer, blueprint_of, page_of, reads, whole, writes
from app.identity import guard
from app.usage.intake import holding

blueprint = blueprint_of("replays", __name__, "Held", "What was sent and acknowledged, but is not in the book yet.")


@blueprint.get("/held-events", responses={200: schemas.HeldGroups})
@guard.allow_key("book:read")
@reads
def list_held() -> Any:
    """List what is held

    Events that name an account, person or meter we do not know, or hold a value that cannot be, by reason.
    """
    return whole(schemas.HeldGroups, holding.open_groups(), schemas.HeldGroup.model_validate)


@blueprint.get("/held-events/records", responses={200: schemas.HeldRecords})
@guard.allow_key("book:read")
@reads
def list_held_records(query: schemas.HeldRecordsAsked) -> Answer:
    """List what is held, one by one

    As it came, the newest first; of all reasons, of one, or of one account, person or meter that is not known.
    """
    _name_reason(query)
    rows = holding.open_records(query.reason, query.value, read_number(query.cursor), query.limit + 1)
    return page_of(schemas.HeldRecords, rows, query.limit, schemas.HeldRecord.model_validate, lambda row: (row.id,))


@blueprint.post("/held-events/discard", responses={200: schemas.Discarded})
@guard.allow_key("data:write")
@writes
def discard_held(body: schemas.DiscardGiven) -> schemas.Discarded:
    """Discard what is held

    For one reason and value: it is not counted, unless it is sent again.
    """
    gone = holding.discard(body.reason, body.value, clock.utc_now())
    guard.note("discard", f"held {body.reason} {body.value}", count=gone)
    return schemas.Discarded(discarded=gone)


@blueprint.post("/held-events/replay", responses={202: schemas.Waiting})
@guard.allow_key("data:write")
@writes
def replay_held(body: schemas.ReplayGiven) -> Answer:
    """Replay what is held

    Once its cause is mended: each event is counted on the day it happened, once. A worker does it at once.
    """
    _name_reason(body)
    ask_for_replay(body.reason, body.value)
    guard.note("replay", "held events", reason=body.reason, value=body.value)
    return Answer(schemas.Waiting(state="waiting"), 202)


@blueprint.post("/webhook-deliveries/<digits:delivery_id>/replay", responses={202: schemas.Waiting})
@guard.allow_key("data:write")
@writes
def replay_delivery(path: schemas.DeliveryPath) -> Answer:
    """Replay a webhook delivery

    It is brought into the book once more from what was kept, whatever became of it before. 409 `forgotten`: its words
    were kept for as long as they are.
    """
    delivery = webhooks.replay(path.delivery_id)
    guard.note("replayed", "webhook delivery", path.delivery_id, type=delivery.event_type)
    return Answer(schemas.Waiting(state="waiting"), 202)


@blueprint.get("/account-rules", responses={200: schemas.AccountRules})
@guard.allow_key("book:read")
@reads
def list_account_rules() -> Any:
    """List the rules for names of accounts

    The first made first: of several that fit a name, the first that leads to an account counts.
    """
    return whole(schemas.AccountRules, naming.rules(), schemas.AccountRule.model_validate)


@blueprint.post("/account-rules", responses={200: schemas.AccountRuleMade, 201: schemas.AccountRuleMade})
@guard.allow_key("data:write")
@writes
def make_account_rule(body: schemas.AccountRuleGiven) -> Answer:
    """Match names of a kind to accounts

    Where two systems write the same customer in two ways. What is held for names it leads to an account is replayed.
    One that exists is tried once more on what is held (200).
    """
    known = naming.find_rule(body.pattern, body.means)
    rule = known or naming.make_rule(body.pattern, body.means)
    matched = len(match_by_rules())
    guard.note("made", f"rule for names like {rule.pattern}", rule.id, means=rule.means, matched=matched)
    rule_shown = schemas.AccountRule.model_validate(rule).model_dump()
    return Answer(schemas.AccountRuleMade(**rule_shown, matched=matched), 200 if known else 201)


@blueprint.delete("/account-rules/<digits:rule_id>", responses={204: None})
@guard.allow_key("data:write")
@writes
def remove_account_rule(path: schemas.AccountRulePath) -> Answer:
    """Match by a rule no more

    Names it has matched stay matched.
    """
    rule = naming.remove_rule(path.rule_id)
    guard.note("removed", f"rule for names like {rule.pattern}", path.rule_id)
    return Answer(None, 204)


def _name_reason(asked: schemas.HeldRecordsAsked | schemas.ReplayGiven) -> None:
    if asked.value is not None and asked.reason is None:
        place = {"parameter": "value"} if isinstance(asked, schemas.HeldRecordsAsked) else {"pointer": "/value"}
        told = [place | {"detail": "A value is of a reason: say which."}]
        raise Problem(422, "`value` needs a `reason`.", "refused", told)
