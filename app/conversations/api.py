"""Interactions for machines."""

from datetime import datetime, timedelta
from typing import Any

from app.accounts.queries import account_ids_by_external_id, get_account
from app.accounts.schemas import AccountPath
from app.conversations import queries, schemas, summarising
from app.conversations.recording import record_interactions
from app.core.clock import utc_now
from app.core.paging import foreign_cursor, read_cursor, read_number
from app.core.rest.api import Answer, blueprint_of, page_of, reads, writes
from app.core.rest.refusing import refuse_field
from app.core.rest.schemas import Paged
from app.identity import guard

blueprint = blueprint_of("conversations", __name__, "Interactions", "What was said, by whom, on which channel.")
_AHEAD = timedelta(days=1)


@blueprint.get("/interactions", responses={200: schemas.Interactions})
@guard.allow_key("book:read")
@reads
def list_interactions(query: Paged) -> Answer:
    """List interactions

    With all accounts, the last that became known first.
    """
    rows = queries.newest(read_number(query.cursor), query.limit + 1)
    return page_of(schemas.Interactions, rows, query.limit, schemas.Interaction.model_validate, lambda row: (row.id,))


@blueprint.get("/accounts/<digits:account_id>/interactions", responses={200: schemas.Interactions})
@guard.allow_key("book:read")
@reads
def list_account_interactions(path: AccountPath, query: schemas.OfAccountAsked) -> Answer:
    """List an account's interactions

    The newest first, on all channels or on one.
    """
    account = get_account(path.account_id)
    before = _before(query.cursor) if query.cursor else None
    rows = queries.interactions_of(account.id, before, query.limit + 1, query.channel)
    return page_of(schemas.Interactions, rows, query.limit, schemas.Interaction.model_validate, _by_moment)


@blueprint.get("/interactions/<digits:interaction_id>", responses={200: schemas.Interaction})
@guard.allow_key("book:read")
@reads
def show_interaction(path: schemas.InteractionPath) -> schemas.Interaction:
    """Show an interaction

    Its words, and the customer's mood with the words that decided it.
    """
    return schemas.Interaction.model_validate(queries.get_interaction(path.interaction_id))


@blueprint.post("/interactions", responses={200: schemas.Interaction, 201: schemas.Interaction})
@guard.allow_key("interactions:write")
@writes
def put_interaction(body: schemas.InteractionGiven) -> Answer:
    """Write down an interaction

    By its source and its id there; sent again, the whole is replaced. 201 when it is new, 200 when it was known.
    """
    _refuse_impossible(body, utc_now())
    known = queries.find_interaction(body.source, body.external_id)
    record = body.model_dump(exclude={"source"})
    recorded = record_interactions(body.source, [record], utc_now())
    if recorded.unknown:
        raise refuse_field("/account", f"There is no account {body.account!r}. Create it first.", "unknown_reference")
    summarising.refresh(list(account_ids_by_external_id([body.account]).values()))
    number = queries.find_interaction(body.source, body.external_id) or 0
    guard.note("updated" if known else "created", "interaction", number, external_id=body.external_id)
    shown = schemas.Interaction.model_validate(queries.get_interaction(number))
    return Answer(shown, 200 if known else 201, {"Location": f"/api/v1/interactions/{number}"})


def _refuse_impossible(said: schemas.InteractionGiven, now: datetime) -> None:
    if said.happened_at - now > _AHEAD:
        raise refuse_field("/happened_at", "It lies ahead: give the moment at which it was said, with its zone.")
    if said.resolved_at is not None and said.resolved_at < said.happened_at:
        raise refuse_field("/resolved_at", "It is before `happened_at`.")


def _before(cursor: str) -> tuple[Any, int]:
    moment, number = read_cursor(cursor, 2)
    try:
        return datetime.fromisoformat(moment), int(number)
    except (TypeError, ValueError):
        raise foreign_cursor() from None


def _by_moment(row: Any) -> tuple[str, int]:
    return row.happened_at.isoformat(), row.id
