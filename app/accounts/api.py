"""Accounts, contacts, subscriptions and movements for machines."""

from collections import Counter
from dataclasses import asdict, replace
from typing import Any

from flask import g

from app.accounts import listing, movements, portfolio, queries, schemas
from app.accounts.intake import recording
from app.accounts.intake.recording import Recorded
from app.accounts.intake.settling import settle
from app.accounts.intake.taking import Taken, take_accounts
from app.accounts.portfolio import Asked
from app.core.clock import utc_now
from app.core.money import minor_digits
from app.core.paging import read_cursor, read_number
from app.core.problems import Problem
from app.core.rest.api import Answer, blueprint_of, page_of, reads, writes
from app.core.rest.batching import list_of
from app.core.rest.refusing import body_errors, refuse_field
from app.core.rest.web import refuse_stale
from app.extensions import db
from app.identity import guard

blueprint = blueprint_of("accounts", __name__, "Accounts", "Who pays, who works there, what they pay for.")


@blueprint.get("/accounts", responses={200: schemas.Accounts})
@guard.allow_key("book:read")
@reads
def list_accounts(query: schemas.AccountsAsked) -> Answer:
    """List accounts

    All of them, or those that match: the filters and orders are those of the Accounts page.
    """
    if query.external_id is not None:
        found = listing.described(list(queries.account_ids_by_external_id([query.external_id]).values()))
        return page_of(schemas.Accounts, found, query.limit, schemas.Account.model_validate, lambda row: (row.id,))
    asked = _asked(query)
    after = portfolio.read_key(query.cursor, asked.sort)
    rows = portfolio.page(asked, guard.today(), after, query.limit, _minor(), columns="s.account_id")
    keys = {row.account_id: (asked.sort, *portfolio.key_of(row)) for row in rows}
    accounts = listing.described(list(keys))
    return page_of(schemas.Accounts, accounts, query.limit, schemas.Account.model_validate, lambda row: keys[row.id])


@blueprint.post("/accounts", responses={200: schemas.Account, 201: schemas.Account})
@guard.allow_key("accounts:write")
@writes
def put_account(body: schemas.AccountGiven) -> Answer:
    """Create or update an account

    By its external id, so that sending it again is safe. 201 when it is new, 200 when it was known.
    """
    (taken,) = take_accounts([body.model_dump(exclude_unset=True)], guard.today(), utc_now())
    if taken.id is None:
        raise refuse_field(f"/{taken.field}", taken.why, "unknown_reference")
    guard.note(taken.outcome, "account", taken.id, external_id=taken.external_id)
    shown = schemas.Account.model_validate(listing.describe(taken.id))
    where = {"Location": f"/api/v1/accounts/{taken.id}"}
    return Answer(shown, 201 if taken.outcome == "created" else 200, where)


@blueprint.post("/accounts/bulk", responses={200: schemas.BulkAnswer, 207: schemas.BulkAnswer})
@guard.allow_key("accounts:write")
@writes
def put_accounts(body: schemas.AccountBatch) -> Answer:
    """Create or update up to 1,000 accounts

    Each is judged on its own: those that cannot be used are refused with their reasons, the others are kept.
    200 when all were kept, 207 when some were refused. A parent may come in the same batch.
    """
    right = {n: record for n, record in enumerate(body.accounts) if isinstance(record, schemas.AccountGiven)}
    records = list_of(schemas.AccountGiven).dump_python(list(right.values()), exclude_unset=True)
    taken = dict(zip(right, take_accounts(records, guard.today(), utc_now()), strict=True))
    results = [_result(n, taken[n]) if n in taken else _misshapen(n, record) for n, record in enumerate(body.accounts)]
    counts = Counter(result["outcome"] for result in results)
    told = {how: counts[how] for how in ("created", "updated", "unchanged", "refused")}
    guard.note("sent", "accounts in bulk", **told)
    answer = schemas.BulkAnswer.model_validate({"results": results, **told})
    return Answer(answer, 207 if counts["refused"] else 200)


@blueprint.get("/accounts/<digits:account_id>", responses={200: schemas.Account})
@guard.allow_key("book:read")
@reads
def show_account(path: schemas.AccountPath) -> schemas.Account:
    """Show an account

    With its summary: what it pays, when it renews, how healthy it is, what is at stake and why.
    """
    return schemas.Account.model_validate(listing.describe(path.account_id))


@blueprint.patch("/accounts/<digits:account_id>", responses={200: schemas.Account})
@guard.allow_key("accounts:write")
@writes
def change_account(path: schemas.AccountPath, body: schemas.AccountChange) -> schemas.Account:
    """Change an account

    Only what is given. With `If-Match` it is changed only if nobody else has changed it since it was read.
    """
    account = queries.get_account(path.account_id)
    db.session.refresh(account, with_for_update=True)
    refuse_stale(schemas.Account.model_validate(listing.describe(account.id)))
    change = body.model_dump(exclude_unset=True)
    (taken,) = take_accounts([{"external_id": account.external_id} | change], guard.today(), utc_now())
    if taken.outcome == "refused":
        raise refuse_field(f"/{taken.field}", taken.why, "unknown_reference")
    if taken.outcome == "updated":
        guard.note("updated", "account", account.id, fields=sorted(change))
    return schemas.Account.model_validate(listing.describe(account.id))


@blueprint.get("/contacts", responses={200: schemas.Contacts})
@guard.allow_key("book:read")
@reads
def list_contacts(query: schemas.ContactsAsked) -> Answer:
    """List contacts

    The people at all accounts, or at one, or with an e-mail; in the order in which they became known.
    """
    after = read_number(query.cursor) or 0
    rows = listing.contacts(after, query.limit + 1, account_id=query.account_id, email=query.email)
    return page_of(schemas.Contacts, rows, query.limit, schemas.Contact.model_validate, _by_number)


@blueprint.post("/contacts", responses={200: schemas.Contact, 201: schemas.Contact})
@guard.allow_key("accounts:write")
@writes
def put_contact(body: schemas.ContactGiven) -> Answer:
    """Create or update a contact

    By its external id; the whole contact is replaced. 201 when it is new, 200 when it was known.
    """
    known = listing.find_number("contact", body.external_id)
    _refuse_unknown(recording.record_contacts([body.model_dump()], utc_now()), body.account)
    number = listing.find_number("contact", body.external_id) or 0
    guard.note("updated" if known else "created", "contact", number, external_id=body.external_id)
    shown = schemas.Contact.model_validate(listing.get_row("contact", number))
    return Answer(shown, 200 if known else 201, {"Location": f"/api/v1/contacts/{number}"})


@blueprint.get("/contacts/<digits:contact_id>", responses={200: schemas.Contact})
@guard.allow_key("book:read")
@reads
def show_contact(path: schemas.ContactPath) -> schemas.Contact:
    """Show a contact

    A person at an account, and since when they have left it.
    """
    return schemas.Contact.model_validate(listing.get_row("contact", path.contact_id))


@blueprint.get("/subscriptions", responses={200: schemas.Subscriptions})
@guard.allow_key("book:read")
@reads
def list_subscriptions(query: schemas.SubscriptionsAsked) -> Answer:
    """List subscriptions

    The stretches of all contracts, of one account's, or of one contract; in the order in which they became known.
    """
    after = read_number(query.cursor) or 0
    rows = listing.subscriptions(after, query.limit + 1, account_id=query.account_id, external_id=query.external_id)
    return page_of(schemas.Subscriptions, rows, query.limit, schemas.Subscription.model_validate, _by_number)


@blueprint.post("/subscriptions", responses={200: schemas.Subscription, 201: schemas.Subscription})
@guard.allow_key("accounts:write")
@writes
def put_subscription(body: schemas.SubscriptionGiven) -> Answer:
    """Create or update a stretch of a contract

    By its external id and its start; the whole stretch is replaced. ARR, movements, stage and renewal follow at once.
    """
    if body.ended_on is not None and body.ended_on < body.started_on:
        raise refuse_field("/ended_on", f"It is before the start on {body.started_on}. It is the first day not paid.")
    known = listing.find_stretch(body.external_id, body.started_on)
    running = listing.find_running(body.external_id, body.started_on)
    if known is None and running is not None:
        raise refuse_field(
            "/started_on",
            f"This contract runs since {running} without an end, and both would be paid for. Send that stretch with"
            f" `ended_on`, such as {body.started_on}, first.",
        )
    recorded = recording.record_subscriptions([body.model_dump()], utc_now())
    _refuse_unknown(recorded, body.account)
    stretch = listing.find_stretch(body.external_id, body.started_on)
    before = {known.account_id} if known else set()
    settle(sorted(recorded.account_ids | before), guard.today(), utc_now(), paid=True)
    guard.note("updated" if known else "created", "subscription", stretch.id, external_id=body.external_id)
    where = {"Location": f"/api/v1/subscriptions/{stretch.id}"}
    return Answer(schemas.Subscription.model_validate(stretch), 200 if known else 201, where)


@blueprint.get("/subscriptions/<digits:subscription_id>", responses={200: schemas.Subscription})
@guard.allow_key("book:read")
@reads
def show_subscription(path: schemas.SubscriptionPath) -> schemas.Subscription:
    """Show a stretch of a contract

    What is paid from a day on, at one price, seats and term.
    """
    return schemas.Subscription.model_validate(listing.get_row("subscription", path.subscription_id))


@blueprint.get("/movements", responses={200: schemas.Movements})
@guard.allow_key("book:read")
@reads
def list_movements(query: schemas.MovementsAsked) -> Answer:
    """List movements of recurring revenue

    What each account's ARR did on each day, derived from its subscriptions, the newest first.
    """
    which = query.model_dump(include={"account_id", "kind", "since", "until"})
    before = read_cursor(query.cursor, 2) if query.cursor else None
    rows = listing.movements(before, query.limit + 1, **which)
    key = lambda row: (row.moved_on.isoformat(), row.account_id)  # noqa: E731
    return page_of(schemas.Movements, rows, query.limit, schemas.Movement.model_validate, key)


@blueprint.get("/movements/bridge", responses={200: schemas.Bridge})
@guard.allow_key("book:read")
@reads
def show_bridge(query: schemas.BridgeAsked) -> schemas.Bridge:
    """Add a period's movements up

    From the ARR on the eve of the first day to that at the end of the last; the parts add up to the cent.
    """
    if query.last < query.first:
        detail = "It is before the first day: turn the two round."
        raise Problem(422, detail, "validation", [{"parameter": "last", "detail": detail}])
    found = movements.bridge(query.first, query.last)
    sums = {f"{name}_minor": value for name, value in asdict(found).items()}
    return schemas.Bridge(first=query.first, last=query.last, is_exact=found.is_exact, **sums)


def _asked(query: schemas.AccountsAsked) -> Asked:
    """Ask as the page does, for people by e-mail too."""
    given = query.model_dump(exclude_none=True, exclude={"limit", "cursor", "paying", "external_id"})
    words = {name: str(value) for name, value in given.items()}
    if "@" in words.get("owner", ""):
        words["owner"] = str(queries.find_member(words["owner"]) or 0)
    return replace(Asked.of(words), everyone=not query.paying)


def _by_number(row: Any) -> tuple[int]:
    return (row.id,)


def _minor() -> int:
    minor: int = 10 ** minor_digits(g.workspace.currency)
    return minor


def _refuse_unknown(recorded: Recorded, account: str) -> None:
    if recorded.unknown:
        raise refuse_field("/account", f"There is no account {account!r}. Create it first.", "unknown_reference")


def _result(n: int, taken: Taken) -> dict[str, Any]:
    wrong = [{"pointer": f"/accounts/{n}/{taken.field}", "detail": taken.why}] if taken.field else []
    return {"index": n, "external_id": taken.external_id, "outcome": taken.outcome, "id": taken.id, "errors": wrong}


def _misshapen(n: int, error: Any) -> dict[str, Any]:
    wrong = body_errors(error, f"/accounts/{n}")
    return {"index": n, "external_id": None, "outcome": "refused", "id": None, "errors": wrong}
