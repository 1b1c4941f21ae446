"""Forecasts, renewals and calls for machines."""

from datetime import timedelta
from typing import Any

from app.accounts.queries import find_member, get_account, number_of
from app.accounts.schemas import AccountPath
from app.core.clock import utc_now
from app.core.paging import read_cursor
from app.core.rest.api import Answer, blueprint_of, page_of, reads, whole, writes
from app.core.rest.refusing import refuse_field
from app.forecast import calling, queries, schemas
from app.identity import guard
from app.identity.refusals import Refusal

blueprint = blueprint_of("forecast", __name__, "Forecast", "What will renew, how sure we are, and what managers say.")
QUARTERS = 4
YEAR = timedelta(days=366)
_POINTERS = {"amount": "/amount_minor"}


@blueprint.get("/forecast", responses={200: schemas.Quarters})
@guard.allow_key("book:read")
@reads
def list_quarters() -> Any:
    """Show the forecast

    This quarter and the next three, each as the newest snapshot sees it: P10, P50, P90 and the managers' figure.
    """
    quarters = [queries.quarter_of(guard.today(), ahead) for ahead in range(QUARTERS)]
    newest = [snapshot for quarter in quarters for snapshot in queries.snapshots(quarter, 1)]
    return whole(schemas.Quarters, newest, schemas.Quarter.model_validate)


@blueprint.get("/forecast/snapshots", responses={200: schemas.Quarters})
@guard.allow_key("book:read")
@reads
def list_snapshots(query: schemas.SnapshotsAsked) -> Any:
    """List a quarter's snapshots

    What was expected of it on each of the last 120 days; a snapshot is never changed afterwards.
    """
    quarter = queries.quarter_of(query.quarter or guard.today())
    return whole(schemas.Quarters, queries.snapshots(quarter), schemas.Quarter.model_validate)


@blueprint.get("/renewals", responses={200: schemas.Renewals})
@guard.allow_key("book:read")
@reads
def list_renewals(query: schemas.RenewalsAsked) -> Answer:
    """List the renewals ahead

    The nearest first: the model's figure, the manager's call, and the one that counts.
    """
    first = query.first or guard.today() + timedelta(days=1)
    before = query.before or guard.today() + YEAR
    after = read_cursor(query.cursor, 2) if query.cursor else None
    rows = queries.renewals_from(after, first, before, query.limit + 1, number_of(query.owner))
    return page_of(
        schemas.Renewals, rows, query.limit, _renewal, lambda row: (row.renews_on.isoformat(), row.account_id)
    )


@blueprint.get("/accounts/<digits:account_id>/calls", responses={200: schemas.Calls})
@guard.allow_key("book:read")
@reads
def list_calls(path: AccountPath) -> Any:
    """List the calls on an account's renewals

    The newest first, up to 20: the newest on a renewal counts, the earlier ones are kept to be scored.
    """
    account = get_account(path.account_id)
    return whole(schemas.Calls, queries.calls_on(account.id), schemas.Call.model_validate)


@blueprint.post("/accounts/<digits:account_id>/calls", responses={201: schemas.Call})
@guard.allow_key("work:write")
@writes
def make_call(path: AccountPath, body: schemas.CallGiven) -> Answer:
    """Make a call on a renewal

    It stands beside the model's figure and counts in the managers' total. Send an `Idempotency-Key`: each request
    makes a call.
    """
    account = get_account(path.account_id)
    by = find_member(body.by)
    if by is None:
        raise refuse_field("/by", "Nobody of this workspace has this e-mail.", "unknown_reference")
    try:
        made = calling.call(account.id, body.renews_on, body.category, body.amount_minor, body.reason, by, utc_now())
    except Refusal as refusal:
        field = refusal.errors[0]["pointer"]
        raise refuse_field(_POINTERS.get(field, f"/{field}"), refusal.detail) from refusal
    told = {"category": made.category, "amount_minor": made.amount_minor, "reason": made.reason, "by": body.by}
    guard.note("call", f"renewal of {account.name}", account.id, **told)
    return Answer(schemas.Call.model_validate(made), 201)


def _renewal(row: Any) -> schemas.Renewal:
    names = ("account_id", "renews_on", "arr_minor", "probability", "basis", "category", "called_minor", "call_reason")
    of = {name: getattr(row, name) for name in (*names, "band", "risk", "risk_reason")}
    model = round(row.arr_minor * row.probability)
    final = model if row.called_minor is None else row.called_minor
    return schemas.Renewal(**of, account=row.name, called_at=row.made_at, model_minor=model, final_minor=final)
