"""Meters and daily totals for machines; what they post as it happens is described here and taken in by api.py."""

from calendar import monthrange
from datetime import date
from typing import Any

from app.accounts.queries import get_account
from app.accounts.schemas import AccountPath
from app.core.paging import read_cursor
from app.core.problems import Problem
from app.core.rest.api import Answer, blueprint_of, page_of, reads, whole, writes
from app.identity import guard
from app.usage import schemas, totals
from app.usage.intake.ingesting import ensure_meters

blueprint = blueprint_of("usage_reads", __name__, "Usage", "What is counted, and what each account used on each day.")
described = blueprint_of("described", __name__, "Usage", "What is counted, and what each account used on each day.")
MOST_DAYS = 366


@blueprint.get("/meters", responses={200: schemas.Meters})
@guard.allow_key("book:read")
@reads
def list_meters() -> Any:
    """List meters

    All of them: there are few.
    """
    return whole(schemas.Meters, totals.meters(), schemas.Meter.model_validate)


@blueprint.post("/meters", responses={200: schemas.Meter, 201: schemas.Meter})
@guard.allow_key("data:write")
@writes
def put_meter(body: schemas.MeterGiven) -> Answer:
    """Make a meter

    Usage may name it from then on. One that exists stays as it is (200).
    """
    known = totals.find_meter(body.code)
    if known is None:
        ensure_meters([body.code], body.kind)
        guard.note("made", f"meter {body.code}")
    shown = schemas.Meter.model_validate(known or totals.find_meter(body.code))
    return Answer(shown, 200 if known else 201, {"Location": "/api/v1/meters"})


@blueprint.get("/accounts/<digits:account_id>/usage", responses={200: schemas.AccountUsage})
@guard.allow_key("book:read")
@reads
def show_account_usage(path: AccountPath, query: schemas.UsageAsked) -> schemas.AccountUsage:
    """Show an account's usage

    Its total of each meter on each day of a period, and how many people were active.
    """
    account = get_account(path.account_id)
    since, until = _period(query)
    daily, in_period = totals.active_people(account.id, since, until)
    return schemas.AccountUsage(
        account_id=account.id,
        since=since,
        until=until,
        meters=[
            schemas.MeterUsage.model_validate(each)
            for each in totals.daily_totals(account.id, since, until, query.meter)
        ],
        active_people=schemas.ActivePeople(daily=daily, in_period=in_period),
    )


@blueprint.get("/usage", responses={200: schemas.UsageMonths})
@guard.allow_key("book:read")
@reads
def list_usage(query: schemas.MonthAsked) -> Answer:
    """List a month's usage

    Of all accounts and meters, the total of each day: for a warehouse to copy.
    """
    month = date.fromisoformat(f"{query.month}-01") if query.month else guard.today().replace(day=1)
    rows = totals.months(month, read_cursor(query.cursor, 2) if query.cursor else None, query.limit + 1)
    return page_of(schemas.UsageMonths, rows, query.limit, _month, lambda row: (row.account_id, row.meter_id))


@described.post("/usage", responses={200: schemas.UsageTaken, 207: schemas.UsageTaken})
def post_usage(body: schemas.UsageBatch) -> None:
    """Send usage

    Up to 1,000 events, each counted once however often it is sent. 200 when all were taken, now or before; 207 when
    some were refused: mend those in `rejected` and send them again. A single event may also be sent bare.
    """
    del body


blueprint.paths["/api/v1/usage"].post = described.paths["/api/v1/usage"].post
blueprint.components_schemas |= described.components_schemas


def _period(query: schemas.UsageAsked) -> tuple[date, date]:
    since, until = totals.last_days(query.until, guard.today())
    since = query.since or since
    if not 0 <= (until - since).days < MOST_DAYS:
        detail = f"The period must begin before it ends, and hold up to {MOST_DAYS} days."
        raise Problem(422, detail, "validation", [{"parameter": "since", "detail": detail}])
    return since, until


def _month(row: Any) -> schemas.UsageMonth:
    days = monthrange(row.month.year, row.month.month)[1]
    return schemas.UsageMonth(account_id=row.account_id, meter=row.meter, month=row.month, totals=row.totals[:days])
