"""What a Stripe event says of a customer, a subscription or an invoice."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from app.connectors.stripe.pricing import currency_of, names_a_price, period_ends, terms_of
from app.connectors.webhooks.book.charges import minor_of
from app.connectors.webhooks.provider import Fact, Headers, Message, Told, UnusableError
from app.connectors.webhooks.reading import instant, iso, needed, number, part, reference, whole, word

Node = Mapping[str, Any]

_STATUS = {
    "active": "running",
    "past_due": "running",
    "unpaid": "running",
    "trialing": "trial",
    "paused": "paused",
    "canceled": "ended",
    "incomplete": "pending",
    "incomplete_expired": "pending",
}
_UNCOLLECTED = {"void", "mark_uncollectible"}
_ORDER = {"draft": 0, "open": 1, "paid": 3, "void": 3}


def label(_headers: Headers, document: Any) -> tuple[str | None, str, datetime | None]:
    """Read the id, type and time of an event."""
    return word(document, "id"), word(document, "type") or "", instant(document, "created")


def tell(message: Message) -> Told:
    """Take an event apart. Raises UnusableError."""
    event = part(message.document)
    if event.get("object") != "event":
        raise UnusableError("It is no Stripe event: send snapshot events, not thin ones.")
    thing, type_ = part(event, "data", "object"), needed(event, "type", "event")
    happened_at = instant(event, "created") or message.received_at
    kind = word(thing, "object") if type_ != "invoice.upcoming" else None
    if type_ == "customer.deleted" or kind not in _TELLERS:
        return Told(left_out=[f"{type_} is not used."])
    told = Told()
    _TELLERS[kind](event, thing, happened_at, told)
    return told


def _tell_customer(event: Node, customer: Node, happened_at: datetime, told: Told) -> None:
    said = _person(customer)
    if before := part(event, "data", "previous_attributes"):
        said["before"] = _person(_merged(customer, before))
    customer_id = needed(customer, "id", "customer")
    told.facts.append(Fact("customer", customer_id, customer_id, happened_at, said, _rank(event)))


def _person(customer: Node) -> dict[str, Any]:
    return {
        "account": _account(customer),
        "name": word(customer, "business_name", "name", "description", "email"),
        "person": word(customer, "individual_name", "name"),
        "email": word(customer, "email"),
        "phone": word(customer, "phone"),
        "country": word(part(customer, "address"), "country"),
        "since": iso(instant(customer, "created")),
    }


def _tell_subscription(event: Node, subscription: Node, happened_at: datetime, told: Told) -> None:
    said = _contract(subscription, happened_at, told.left_out)
    if said["status"] == "running" and not names_a_price(subscription):
        raise UnusableError("The subscription runs, but names no price: send it with its `items`.")
    before = part(event, "data", "previous_attributes")
    if before:
        said["before"] = _contract(_merged(subscription, before), happened_at, [])
    fact = Fact(
        "subscription",
        needed(subscription, "id", "subscription"),
        _customer(subscription),
        happened_at,
        said,
        _rank(event),
        currency_of(subscription),
    )
    told.facts.append(fact)


def _contract(subscription: Node, happened_at: datetime, left_out: list[str]) -> dict[str, Any]:
    currency = currency_of(subscription)
    status = _STATUS.get(needed(subscription, "status", "subscription"))
    if status is None:
        raise UnusableError(f"A subscription's status is {subscription.get('status')!r:.40}, which we do not know.")
    if currency is None:
        raise UnusableError("The subscription names no currency, nor do its prices.")
    if status == "running" and part(subscription, "pause_collection").get("behavior") in _UNCOLLECTED:
        status = "paused"
    return {
        "account": _account(subscription),
        "status": status,
        "instance": needed(subscription, "id", "subscription"),
        "started_at": iso(instant(subscription, "start_date", "created", "start")),
        "trial_ends_at": iso(instant(subscription, "trial_end")),
        "ends_at": iso(_end(subscription, status, happened_at)),
        "period_ends_at": iso(instant(period_ends(subscription), "current_period_end")),
        **terms_of(subscription, currency, left_out),
    }


def _end(subscription: Node, status: str, happened_at: datetime) -> datetime | None:
    if status == "ended":
        return instant(subscription, "ended_at") or happened_at
    at_period_end = instant(period_ends(subscription), "current_period_end")
    return instant(subscription, "cancel_at") or (at_period_end if subscription.get("cancel_at_period_end") else None)


def _tell_invoice(event: Node, invoice: Node, happened_at: datetime, told: Told) -> None:
    invoice_id, customer = needed(invoice, "id", "invoice"), _customer(invoice)
    currency = needed(invoice, "currency", "invoice").upper()
    status = _invoice_status(invoice)
    made = instant(invoice, "created", "date")
    issued = instant(part(invoice, "status_transitions"), "finalized_at") or made
    said = {
        "status": status,
        "issued_at": iso(issued),
        "due_at": iso(instant(invoice, "due_date")),
        "paid_at": iso(instant(part(invoice, "status_transitions"), "paid_at")),
        "amount_minor": _amount(invoice, currency),
    }
    rank = _ORDER[status] + (invoice.get("status") == "uncollectible")
    told.facts.append(Fact("invoice", invoice_id, customer, happened_at, said, rank, currency))
    if event.get("type") == "invoice.payment_failed":
        failure = {
            "invoice": word(invoice, "number", "id"),
            "amount_minor": said["amount_minor"],
            "why": _tries(invoice),
        }
        told.facts.append(
            Fact("failure", needed(event, "id", "event"), customer, happened_at, failure, currency=currency)
        )


def _invoice_status(invoice: Node) -> str:
    """Older shapes say `paid`, `closed` and `forgiven` instead of a status; what will not be paid is still unpaid."""
    status = word(invoice, "status") or ("paid" if invoice.get("paid") else "open")
    known = {"draft": "draft", "open": "open", "uncollectible": "open", "paid": "paid", "void": "void"}
    if status not in known:
        raise UnusableError(f"An invoice's status is {status!r:.40}, which we do not know.")
    return known[status]


def _amount(invoice: Node, currency: str) -> int:
    amount = number(invoice, "amount_due", "total")
    if amount is None:
        raise UnusableError("The invoice has no `amount_due`.")
    return minor_of(amount, currency)


def _tries(invoice: Node) -> str:
    tries = whole(invoice, "attempt_count") or 1
    return f"Attempt {tries}." if instant(invoice, "next_payment_attempt") else f"Attempt {tries}, the last."


def _customer(thing: Node) -> str:
    customer = reference(thing.get("customer"))
    if customer is None:
        raise UnusableError("It names no customer.")
    return customer


def _account(thing: Node) -> str | None:
    return word(part(thing, "metadata"), "account_id", "perennial_account")


def _rank(event: Node) -> int:
    """Stripe's times are whole seconds: within one, creation comes first and deletion last."""
    return {"created": 0, "deleted": 2}.get(str(event.get("type")).rpartition(".")[2], 1)


def _merged(now: Node, before: Node) -> dict[str, Any]:
    """Give an object as it was: what changed is named alone within objects, and whole within lists."""
    return {
        name: _merged(now[name], before[name])
        if isinstance(before.get(name), Mapping) and isinstance(now.get(name), Mapping)
        else before.get(name, now.get(name))
        for name in {**now, **before}
    }


_TELLERS: dict[str | None, Callable[[Node, Node, datetime, Told], None]] = {
    "customer": _tell_customer,
    "subscription": _tell_subscription,
    "invoice": _tell_invoice,
}
