"""What a Lago webhook says of a customer, a subscription or an invoice. The messages carry no time of their own."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from app.connectors.webhooks.book.charges import Item, contract_of, minor_of, months_of, times_a_year
from app.connectors.webhooks.provider import Fact, Headers, Message, Told, UnusableError
from app.connectors.webhooks.reading import calendar_day, instant, iso, needed, number, part, parts, word

Node = Mapping[str, Any]

_STATUS = {
    "active": "running",
    "pending": "pending",
    "incomplete": "pending",
    "terminated": "ended",
    "canceled": "ended",
}
_INTERVALS = {
    "weekly": ("week", 1), "monthly": ("month", 1), "quarterly": ("month", 3), "semiannual": ("month", 6),
    "yearly": ("year", 1),
}  # fmt: skip
_DRAFTS = {"draft", "pending", "generating", "open", "failed"}
_ORDER = {"draft": 0, "open": 1, "paid": 2, "void": 3}


def label(headers: Headers, document: Any) -> tuple[str | None, str, datetime | None]:
    """Read the key that a message keeps over its retries, its type, and the time at which what it tells happened."""
    type_ = word(document, "webhook_type") or ""
    return headers.get("X-Lago-Unique-Key"), type_, _happened_at(type_, part(document))


def tell(message: Message) -> Told:
    """Take a message apart. Raises UnusableError."""
    document = part(message.document)
    type_, kind = needed(document, "webhook_type", "message"), word(document, "object_type")
    happened_at, told = message.envelope.happened_at or message.received_at, Told()
    if kind == "customer" and type_ in {"customer.created", "customer.updated"}:
        told.facts.append(_customer(part(document, "customer"), happened_at))
    elif kind == "subscription" and type_ not in {
        "subscription.termination_alert",
        "subscription.usage_threshold_reached",
    }:
        told.facts.append(_subscription(part(document, "subscription"), type_, happened_at, told.left_out))
    elif kind == "invoice" and part(document, "invoice"):
        told.facts += _invoice(part(document, "invoice"), happened_at)
    elif type_ == "invoice.payment_failure":
        told.facts.append(_failure(message, part(document, kind or ""), happened_at))
    else:
        told.left_out.append(f"{type_} is not used.")
    return told


def _happened_at(type_: str, document: Node) -> datetime | None:
    """Give the time that the object itself tells; None where it tells none, then the time of receipt has to do."""
    kind = word(document, "object_type") or ""
    thing = part(document, kind)
    if type_ == "subscription.terminated":
        return instant(thing, "terminated_at")
    if type_ == "subscription.canceled":
        return instant(thing, "canceled_at")
    if type_ == "subscription.started":
        return instant(thing, "activated_at", "started_at", "created_at")
    return instant(thing, "updated_at") if kind in {"customer", "invoice"} else None


def _customer(customer: Node, happened_at: datetime) -> Fact:
    person = " ".join(filter(None, (word(customer, "firstname"), word(customer, "lastname")))) or None
    said = {
        "account": next((word(row, "value") for row in parts(customer, "metadata") if row.get("key") in _LINKS), None),
        "name": word(customer, "name", "legal_name") or person or word(customer, "email"),
        "person": person,
        "email": (word(customer, "email") or "").split(",")[0].strip() or None,
        "phone": word(customer, "phone"),
        "country": word(customer, "country"),
        "since": iso(instant(customer, "created_at")),
    }
    customer_id = needed(customer, "external_id", "customer")
    return Fact("customer", customer_id, customer_id, happened_at, said)


_LINKS = ("account_id", "perennial_account")


def _subscription(subscription: Node, type_: str, happened_at: datetime, left_out: list[str]) -> Fact:
    given = needed(subscription, "status", "subscription")
    status = "ended" if type_ in {"subscription.terminated", "subscription.canceled"} else _STATUS.get(given)
    if status is None:
        raise UnusableError(f"A subscription's status is {given!r:.40}, which we do not know.")
    plan = part(subscription, "plan")
    started, trial_ends = instant(subscription, "started_at", "subscription_at"), _trial_end(subscription, plan)
    if status == "running" and trial_ends and happened_at < trial_ends:
        status = "trial"
    ended = instant(subscription, "terminated_at", "canceled_at") or happened_at
    currency, terms = _terms(subscription, plan, left_out)
    said = {
        "status": "pending" if status == "ended" and started is None else status,
        "instance": needed(subscription, "lago_id", "subscription"),
        "started_at": iso(started or instant(subscription, "created_at")),
        "trial_ends_at": iso(trial_ends),
        "ends_at": iso(ended if status == "ended" else instant(subscription, "ending_at")),
        "period_ends_at": iso(instant(subscription, "current_billing_period_ending_at")),
        **terms,
    }
    return Fact(
        "subscription",
        needed(subscription, "external_id", "subscription"),
        needed(subscription, "external_customer_id", "subscription"),
        happened_at,
        said,
        0 if status == "ended" else 1,  # a new plan begins in the moment in which the old one ends
        currency,
    )


def _trial_end(subscription: Node, plan: Node) -> datetime | None:
    started, days = instant(subscription, "started_at"), number(plan, "trial_period") or 0
    planned = started + timedelta(days=float(days)) if started and 0 < days < 3650 else None
    return instant(subscription, "trial_ended_at") or planned


def _terms(subscription: Node, plan: Node, left_out: list[str]) -> tuple[str | None, dict[str, Any]]:
    """Price by the plan's fee alone; what is metered is known only once it was used."""
    currency = word(subscription, "plan_amount_currency") or word(plan, "amount_currency")
    amount = number(subscription, "plan_amount_cents")
    amount = number(plan, "amount_cents") if amount is None else amount
    interval, every = _INTERVALS.get(word(plan, "interval") or "", (None, 1))
    times = times_a_year(interval, every)
    if amount is None or currency is None or times is None:
        raise UnusableError("The message carries no plan with amount, currency and interval.")
    if parts(plan, "charges"):
        left_out.append("The plan's usage charges are not known ahead, so the ARR leaves them out.")
    item = Item(word(plan, "name", "code"), 1, amount * times, months_of(interval, every))
    return currency, contract_of([item], amount * 0, currency) | {"seats": None}


def _invoice(invoice: Node, happened_at: datetime) -> list[Fact]:
    customer = part(invoice, "customer")
    currency, total = needed(invoice, "currency", "invoice"), number(invoice, "total_amount_cents")
    if total is None:
        raise UnusableError("The invoice has no `total_amount_cents`.")
    status = _invoice_status(invoice)
    said = {
        "status": status,
        "issued_on": calendar_day(invoice, "issuing_date"),
        "due_on": calendar_day(invoice, "payment_due_date"),
        "amount_minor": minor_of(total, currency),
    }
    external_id, customer_id = (
        needed(invoice, "lago_id", "invoice"),
        needed(customer, "external_id", "invoice's customer"),
    )
    fact = Fact("invoice", external_id, customer_id, happened_at, said, _ORDER[status], currency)
    about = _customer(customer, instant(customer, "updated_at") or happened_at)
    return [fact, about] if word(customer, "name", "legal_name", "email") else [fact]


def _invoice_status(invoice: Node) -> str:
    """Give draft, open, paid or void; a credit bought ahead is asked for like any other invoice."""
    given = needed(invoice, "status", "invoice")
    if given in _DRAFTS:
        return "draft"
    if given in {"voided", "closed"}:
        return "void"
    if given != "finalized":
        raise UnusableError(f"An invoice's status is {given!r:.40}, which we do not know.")
    return "paid" if invoice.get("payment_status") == "succeeded" else "open"


def _failure(message: Message, error: Node, happened_at: datetime) -> Fact:
    why = error.get("provider_error")
    said = {
        "invoice": word(error, "lago_invoice_id"),
        "why": word({"why": why if isinstance(why, str) else part(why).get("message")}, "why"),
    }
    customer = needed(error, "external_customer_id", "failed payment")
    return Fact("failure", message.envelope.event_id, customer, happened_at, said)
