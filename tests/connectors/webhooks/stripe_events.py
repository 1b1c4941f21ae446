"""Stripe events of our own making, in both shapes of the API: before and since 2025-03-31 ("basil")."""

import json
from datetime import UTC, date, datetime, time
from hashlib import sha256
from typing import Any

from app.connectors.webhooks import signing

SECRET = "whsec_of_the_tests"


def seconds(day: date, hour: int = 12, minute: int = 0) -> int:
    return int(datetime.combine(day, time(hour, minute), UTC).timestamp())


def event(
    type_: str, thing: dict[str, Any], at: int, *, before: dict[str, Any] | None = None, **fields: Any
) -> dict[str, Any]:
    """An event; its id follows from what it says, so that the same one is made twice."""
    data = {"object": thing} | ({"previous_attributes": before} if before else {})
    made = {"object": "event", "api_version": "2026-10-28", "type": type_, "created": at, "data": data} | fields
    return {"id": f"evt_{sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()[:16]}"} | made


def customer(id_: str = "cus_1", **fields: Any) -> dict[str, Any]:
    made = {
        "id": id_, "object": "customer", "name": "Acme Ltd", "email": "billing@acme.example", "metadata": {},
        "address": {"country": "DE", "city": "Bonn"}, "created": seconds(date(2026, 1, 1)), "phone": None,
    }  # fmt: skip
    return made | fields


def item(
    unit: int | None = 2_000, quantity: int | None = 5, interval: str = "month", every: int = 1, **price: Any
) -> dict[str, Any]:
    made = {
        "id": "price_1", "object": "price", "nickname": "Pro", "currency": "usd", "billing_scheme": "per_unit",
        "unit_amount": unit, "unit_amount_decimal": None if unit is None else str(unit), "type": "recurring",
        "recurring": {"interval": interval, "interval_count": every, "usage_type": "licensed"},
    }  # fmt: skip
    return {"id": "si_1", "object": "subscription_item", "quantity": quantity, "price": made | price}


def subscription(
    id_: str = "sub_1",
    *,
    start: date = date(2026, 1, 1),
    until: date = date(2026, 2, 1),
    items: Any = None,
    **fields: Any,
) -> dict[str, Any]:
    """A subscription since "basil": the period stands on its items."""
    period = {"current_period_start": seconds(start), "current_period_end": seconds(until)}
    made = {
        "id": id_, "object": "subscription", "customer": "cus_1", "status": "active", "currency": "usd",
        "start_date": seconds(start), "created": seconds(start), "cancel_at": None, "cancel_at_period_end": False,
        "canceled_at": None, "ended_at": None, "trial_start": None, "trial_end": None, "metadata": {},
        "pause_collection": None, "discounts": [],
        "items": {"object": "list", "data": [each | period for each in (items or [item()])]},
    }  # fmt: skip
    return made | fields


def old_subscription(**fields: Any) -> dict[str, Any]:
    """The same one before "basil": the period stands on the subscription, the price is a plan, nothing names a currency."""
    made = subscription(**fields)
    rows = made["items"]["data"]
    for row in rows:
        price = row.pop("price")
        row["plan"] = {
            "id": price["id"], "object": "plan", "nickname": price["nickname"], "amount": price["unit_amount"],
            "currency": price["currency"], "billing_scheme": price["billing_scheme"], **price["recurring"],
        }  # fmt: skip
        made |= {name: row.pop(name) for name in ("current_period_start", "current_period_end")}
    del made["currency"]
    return made | {"plan": rows[0]["plan"], "quantity": rows[0]["quantity"]}


def invoice(
    id_: str = "in_1", *, issued: date = date(2026, 1, 1), amount: int = 10_000, **fields: Any
) -> dict[str, Any]:
    made = {
        "id": id_, "object": "invoice", "customer": "cus_1", "status": "open", "currency": "usd", "number": "A-1",
        "amount_due": amount, "total": amount, "created": seconds(issued), "due_date": None, "attempt_count": 0,
        "collection_method": "charge_automatically", "next_payment_attempt": None,
        "status_transitions": {"finalized_at": seconds(issued), "paid_at": None, "voided_at": None},
        "parent": {"type": "subscription_details", "subscription_details": {"subscription": "sub_1"}},
    }  # fmt: skip
    return made | fields


def paid(made: dict[str, Any], on: date) -> dict[str, Any]:
    return made | {"status": "paid", "status_transitions": made["status_transitions"] | {"paid_at": seconds(on)}}


def signed(body: bytes, at: int, *secrets: str) -> dict[str, str]:
    """Give the header Stripe sends: one signature for each active secret of the endpoint."""
    given = [f"v1={signing.digest(each.encode(), str(at).encode(), body).hex()}" for each in secrets or (SECRET,)]
    return {"Stripe-Signature": ",".join([f"t={at}", *given])}


JAN, FEB, MAR, JUN = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1), date(2026, 6, 1)
NEW = event("customer.created", customer(), seconds(JAN))


def at(day, hour=12):
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def created(**fields):
    return event("customer.subscription.created", subscription(**fields), seconds(JAN))


def updated(day, before=None, **fields):
    return event("customer.subscription.updated", subscription(**fields), seconds(day), before=before)


def deleted(day, **fields):
    ended = {"status": "canceled", "ended_at": seconds(day), "canceled_at": seconds(day)} | fields
    return event("customer.subscription.deleted", subscription(**ended), seconds(day))
