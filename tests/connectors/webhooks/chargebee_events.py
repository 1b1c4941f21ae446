"""Chargebee events of our own making, of its newer catalogue; `resource_version` counts the versions of an object."""

import json
from datetime import date
from hashlib import sha256
from typing import Any

from tests.connectors.webhooks.stripe_events import seconds


def event(type_: str, on: date, **content: Any) -> dict[str, Any]:
    content = {"customer": customer()} | content
    made = {"object": "event", "api_version": "v2", "event_type": type_, "occurred_at": seconds(on), "content": content}
    return {"id": f"ev_{sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()[:16]}"} | made


def customer(**fields: Any) -> dict[str, Any]:
    made = {
        "id": "cb_1", "company": "Birch & Co", "first_name": "Bea", "last_name": "Birch", "email": "bea@birch.example",
        "billing_address": {"country": "NO"}, "created_at": seconds(date(2026, 1, 1)), "resource_version": 1,
    }  # fmt: skip
    return made | fields


def subscription(quantity: int = 5, **fields: Any) -> dict[str, Any]:
    items = [
        {
            "item_price_id": "pro-monthly",
            "item_type": "plan",
            "quantity": quantity,
            "unit_price": 2_000,
            "amount": 2_000 * quantity,
        }
    ]
    made = {
        "id": "cbsub_1", "customer_id": "cb_1", "status": "active", "currency_code": "USD", "billing_period": 1,
        "billing_period_unit": "month", "started_at": seconds(date(2026, 1, 1)), "subscription_items": items,
        "current_term_end": seconds(date(2026, 2, 1)), "resource_version": 1,
    }  # fmt: skip
    return made | fields


def invoice(**fields: Any) -> dict[str, Any]:
    made = {
        "id": "1001", "customer_id": "cb_1", "subscription_id": "cbsub_1", "status": "payment_due", "currency_code": "USD",
        "date": seconds(date(2026, 1, 1)), "due_date": seconds(date(2026, 1, 15)), "total": 10_000, "resource_version": 1,
    }  # fmt: skip
    return made | fields
