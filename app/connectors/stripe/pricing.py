"""What a Stripe subscription is worth a year, and what of it cannot be said."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from app.connectors.webhooks.book.charges import Item, contract_of, months_of, packed, tiered, times_a_year
from app.connectors.webhooks.reading import number, part, parts, whole, word

Node = Mapping[str, Any]


def terms_of(subscription: Node, currency: str, left_out: list[str]) -> dict[str, Any]:
    """Give plan, seats, ARR and term; says in `left_out` what the ARR does not hold."""
    items = [item for row in _rows(subscription) if (item := _item(row, left_out))]
    return contract_of(items, _off(subscription, items, left_out), currency)


def names_a_price(subscription: Node) -> bool:
    """Tell whether it says at all what is paid for."""
    return any(map(_price, _rows(subscription)))


def currency_of(subscription: Node) -> str | None:
    """Give the currency: on the subscription itself, in older shapes only on its prices."""
    of_prices = (word(_price(row), "currency") for row in _rows(subscription))
    named = word(subscription, "currency") or next(filter(None, of_prices), None)
    return named.upper() if named else None


def period_ends(subscription: Node) -> Node:
    """Give what holds `current_period_end`: since 2025-03-31 the items do."""
    if subscription.get("current_period_end"):
        return subscription
    return next((row for row in parts(subscription, "items", "data") if row.get("current_period_end")), {})


def _rows(subscription: Node) -> list[Node]:
    """Give what names prices: the items, or in older shapes the subscription itself."""
    return parts(subscription, "items", "data") or [subscription]


def _price(row: Node) -> Node:
    return part(row, "price") or part(row, "plan")


def _item(row: Node, left_out: list[str]) -> Item | None:
    price = _price(row)
    if not price or price.get("type") == "one_time" or row.get("deleted"):
        return None
    name = word(price, "nickname") or word(part(price, "product"), "name") or word(price, "name", "lookup_key", "id")
    recurring = part(price, "recurring") or price
    interval, every = word(recurring, "interval"), whole(recurring, "interval_count") or 1
    times = times_a_year(interval, every)
    quantity = whole(row, "quantity") if row.get("quantity") is not None else 1
    unit = _priced(price, quantity or 0)
    if "metered" in (recurring.get("usage_type"), price.get("usage_type")):
        left_out.append(f"{name} is metered: what it will cost is not known ahead, so the ARR leaves it out.")
        return None
    if times is None or unit is None:
        left_out.append(f"The price of {name} is not in the message (tiers or period): the ARR leaves it out.")
        return None
    return Item(name, quantity or 0, unit * times, months_of(interval, every))


def _priced(price: Node, quantity: int) -> Decimal | None:
    tiers = parts(price, "tiers")
    if price.get("billing_scheme") == "tiered" or tiers:
        return tiered(quantity, tiers, word(price, "tiers_mode")) if tiers else None
    unit = number(price, "unit_amount_decimal", "unit_amount", "amount_decimal", "amount")
    return None if unit is None else unit * packed(quantity, price)


def _off(subscription: Node, items: list[Item], left_out: list[str]) -> Decimal:
    """Give what discounts that last for ever take off a year; others end by themselves and are no part of ARR."""
    given = [subscription.get("discount"), *(subscription.get("discounts") or [])]
    off, rest = Decimal(0), sum((item.yearly for item in items), Decimal(0))
    for discount in filter(None, given):
        coupon = part(discount, "coupon") or part(discount, "source", "coupon")
        if not coupon:
            left_out.append("A discount is named by its id only: the ARR is before it.")
        elif coupon.get("duration") == "forever":
            off += rest * (number(coupon, "percent_off") or 0) / 100
            off += (number(coupon, "amount_off") or 0) * Decimal(12) / max((item.months for item in items), default=12)
        else:
            left_out.append("A discount for a time only is not taken off the ARR.")
    return off
