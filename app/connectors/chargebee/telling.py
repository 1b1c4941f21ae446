"""What a Chargebee event says of a customer, a subscription or an invoice. All its versions of the catalogue count."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from app.connectors.webhooks.book.charges import Item, contract_of, minor_of, months_of, times_a_year
from app.connectors.webhooks.provider import Fact, Headers, Message, Told, UnusableError
from app.connectors.webhooks.reading import instant, iso, needed, number, part, parts, whole, word

Node = Mapping[str, Any]

_USED = ("subscription", "customer", "invoice", "payment")
_STATUS = {
    "future": "running",
    "active": "running",
    "non_renewing": "running",
    "in_trial": "trial",
    "paused": "paused",
    "cancelled": "ended",
    "transferred": "ended",
}
_INVOICE_STATUS = {
    "pending": "draft",
    "posted": "open",
    "payment_due": "open",
    "not_paid": "open",
    "paid": "paid",
    "voided": "void",
}
_ORDER = {"draft": 0, "open": 1, "paid": 2, "void": 3}


def label(_headers: Headers, document: Any) -> tuple[str | None, str, datetime | None]:
    """Read the id, type and time of an event."""
    return word(document, "id"), word(document, "event_type") or "", instant(document, "occurred_at")


def tell(message: Message) -> Told:
    """Take an event apart. Raises UnusableError."""
    event = part(message.document)
    type_, content = needed(event, "event_type", "event"), part(event, "content")
    happened_at = instant(event, "occurred_at") or message.received_at
    told = Told()
    if type_.split("_")[0] not in _USED:
        return Told(left_out=[f"{type_} is not used."])
    tellers: dict[str, Callable[[Node], Fact]] = {
        "customer": lambda customer: _customer(customer, happened_at),
        "subscription": lambda given: _subscription(given, type_, happened_at, told.left_out),
        "invoice": lambda invoice: _invoice(invoice, happened_at),
    }
    for name, teller in tellers.items():
        if part(content, name):
            _add(told, teller, part(content, name))
    if type_ == "payment_failed":
        _add(told, lambda whole: _failure(event, whole, happened_at), content)
    return told


def _add(told: Told, teller: Callable[[Node], Fact], thing: Node) -> None:
    """Tell of one thing; what cannot be used of it does not stop the others."""
    try:
        told.facts.append(teller(thing))
    except UnusableError as error:
        told.unusable.append(str(error))


def _customer(customer: Node, happened_at: datetime) -> Fact:
    person = " ".join(filter(None, (word(customer, "first_name"), word(customer, "last_name")))) or None
    said = {
        "account": _account(customer),
        "name": word(customer, "company") or person or word(customer, "email"),
        "person": person,
        "email": word(customer, "email"),
        "phone": word(customer, "phone"),
        "country": word(part(customer, "billing_address"), "country"),
        "since": iso(instant(customer, "created_at")),
    }
    customer_id = needed(customer, "id", "customer")
    return Fact("customer", customer_id, customer_id, happened_at, said, _version(customer))


def _subscription(subscription: Node, type_: str, happened_at: datetime, left_out: list[str]) -> Fact:
    given = needed(subscription, "status", "subscription")
    is_deleted = bool(subscription.get("deleted")) or type_ == "subscription_deleted"
    status = "ended" if is_deleted else _STATUS.get(given)
    if status is None:
        raise UnusableError(f"A subscription's status is {given!r:.40}, which we do not know.")
    currency = word(subscription, "currency_code")
    said = {
        "account": _account(subscription),
        "status": status,
        "instance": None,
        "started_at": iso(instant(subscription, "started_at", "start_date", "created_at")),
        "trial_ends_at": iso(instant(subscription, "trial_end")),
        "ends_at": iso(_end(subscription, given, is_deleted, happened_at)),
        "period_ends_at": iso(instant(subscription, "current_term_end")),
        **_terms(subscription, currency, left_out),
    }
    return Fact(
        "subscription",
        needed(subscription, "id", "subscription"),
        needed(subscription, "customer_id", "subscription"),
        happened_at,
        said,
        _version(subscription),
        currency,
    )


def _end(subscription: Node, status: str, is_deleted: bool, happened_at: datetime) -> datetime | None:
    if status == "non_renewing":
        return instant(subscription, "cancelled_at", "current_term_end")
    ended = instant(subscription, "cancelled_at") if status in {"cancelled", "transferred"} else None
    return ended or (happened_at if is_deleted or status in {"cancelled", "transferred"} else None)


def _terms(subscription: Node, currency: str | None, left_out: list[str]) -> dict[str, Any]:
    """Price the contract by its items, or plan and addons in the older catalogue, or the MRR that Chargebee gives."""
    every = whole(subscription, "billing_period") or 1
    interval = word(subscription, "billing_period_unit")
    times, months = times_a_year(interval, every), months_of(interval, every)
    priced = _charges(subscription, left_out)
    if priced and times is not None and currency is not None:
        items = [Item(name, quantity, amount * times, months) for name, quantity, amount in priced]
        return contract_of(items, _off(subscription, items, left_out), currency)
    mrr = number(subscription, "mrr")
    if mrr is None or currency is None:
        raise UnusableError("The subscription carries no price (items, plan or mrr with a currency and period).")
    left_out.append("The message carries no prices, so the ARR is 12 times the MRR that Chargebee gives.")
    plan = word(subscription, "plan_id")
    return contract_of([Item(plan, whole(subscription, "plan_quantity") or 1, mrr * 12, months)], Decimal(0), currency)


def _charges(subscription: Node, left_out: list[str]) -> list[tuple[str | None, int, Decimal]]:
    """Give name, quantity and amount a period of everything that recurs."""
    rows = parts(subscription, "subscription_items")
    if rows:
        once = [row for row in rows if row.get("item_type") == "charge"]
        left_out += [f"{word(row, 'item_price_id')} is charged once, so the ARR leaves it out." for row in once]
        found = [_charge(row, "item_price_id", "quantity", "unit_price", "amount") for row in rows if row not in once]
    else:
        found = [_charge(subscription, "plan_id", "plan_quantity", "plan_unit_price", "plan_amount")]
        addons = parts(subscription, "addons")
        found += [_charge(row, "id", "quantity", "unit_price", "amount") for row in addons]
    return [each for each in found if each]


def _charge(
    row: Node, name: str, quantity: str, unit_price: str, amount: str
) -> tuple[str | None, int, Decimal] | None:
    """The amount, where given, is right for tiers too."""
    number_of = whole(row, quantity)
    number_of = 1 if number_of is None else number_of
    whole_amount, unit = number(row, amount), number(row, unit_price)
    if whole_amount is None and unit is None:
        return None
    return word(row, name), number_of, whole_amount if whole_amount is not None else (unit or Decimal(0)) * number_of


def _off(subscription: Node, items: list[Item], left_out: list[str]) -> Decimal:
    """Give what discounts that last for ever take off a year, where the message says how much; coupons come by name."""
    off, rest = Decimal(0), sum((item.yearly for item in items), Decimal(0))
    for discount in parts(subscription, "discounts"):
        if discount.get("duration_type") == "forever":
            off += rest * (number(discount, "percentage") or 0) / 100
            off += (number(discount, "amount") or 0) * Decimal(12) / items[0].months
        else:
            left_out.append("A discount for a time only is not taken off the ARR.")
    if parts(subscription, "coupons") or subscription.get("coupon"):
        left_out.append("A coupon is named only: the ARR is before it.")
    return off


def _invoice(invoice: Node, happened_at: datetime) -> Fact:
    given, currency = needed(invoice, "status", "invoice"), needed(invoice, "currency_code", "invoice")
    status = "void" if invoice.get("deleted") else _INVOICE_STATUS.get(given)
    if status is None:
        raise UnusableError(f"An invoice's status is {given!r:.40}, which we do not know.")
    said = {
        "status": status,
        "issued_at": iso(instant(invoice, "date")),
        "due_at": iso(instant(invoice, "due_date")),
        "paid_at": iso(instant(invoice, "paid_at")),
        "amount_minor": minor_of(_total(invoice), currency),
    }
    rank = _version(invoice) or _ORDER[status]
    return Fact(
        "invoice", needed(invoice, "id", "invoice"), needed(invoice, "customer_id", "invoice"), happened_at, said, rank,
        currency,
    )  # fmt: skip


def _total(invoice: Node) -> Decimal:
    total = number(invoice, "total")
    if total is None:
        raise UnusableError("The invoice has no `total`.")
    return total


def _failure(event: Node, content: Node, happened_at: datetime) -> Fact:
    transaction, invoice = part(content, "transaction"), part(content, "invoice")
    customer = word(transaction, "customer_id") or word(invoice, "customer_id") or word(part(content, "customer"), "id")
    currency, amount = word(transaction, "currency_code"), number(transaction, "amount")
    if customer is None:
        raise UnusableError("The failed payment names no customer.")
    said = {
        "invoice": word(invoice, "id"),
        "amount_minor": minor_of(amount, currency) if amount is not None and currency else None,
        "why": word(transaction, "error_text"),
    }
    return Fact("failure", needed(event, "id", "event"), customer, happened_at, said, currency=currency)


def _account(thing: Node) -> str | None:
    return word(part(thing, "meta_data"), "account_id", "perennial_account") or word(thing, "cf_account_id")


def _version(thing: Node) -> int:
    """Chargebee counts the versions of an object in milliseconds; events have whole seconds."""
    return whole(thing, "resource_version") or 0
