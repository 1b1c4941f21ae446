"""What a contract is worth a year: items × quantity × unit amount × times a year, in the senders' own subunits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from app.connectors.webhooks.provider import UnusableError
from app.connectors.webhooks.reading import number, part, whole
from app.core.money import minor_digits

_WHOLE_ONLY = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF")
)
_THOUSANDTHS = frozenset(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"))
_TIMES_A_YEAR = {"day": 365, "week": 52, "month": 12, "year": 1}
_LONGEST_PERIOD = 520
_MOST_A_YEAR = 10**15
_MONTHS = {"month": 1, "year": 12}


@dataclass(frozen=True)
class Item:
    """A part of a contract. `yearly` is in subunits of the sender's currency."""

    name: str | None
    quantity: int
    yearly: Decimal
    months: int


def minor_of(amount: Decimal, currency: str) -> int:
    """Turn an amount in the smallest unit that billing systems use into ours, half to even."""
    theirs = 0 if currency in _WHOLE_ONLY else 3 if currency in _THOUSANDTHS else 2
    return round(amount.scaleb(minor_digits(currency) - theirs))


def times_a_year(interval: str | None, every: int) -> Decimal | None:
    """Give how often a period fits in a year (a year has 52 weeks and 365 days); None for no known period."""
    times = _TIMES_A_YEAR.get(interval or "")
    return None if times is None or not 1 <= every <= _LONGEST_PERIOD else Decimal(times) / every


def months_of(interval: str | None, every: int) -> int:
    """Give the months of a billing period; one where it is shorter than a month."""
    return max(1, _MONTHS.get(interval or "", 0) * every)


def tiered(quantity: int, tiers: Sequence[Mapping[str, Any]], mode: str | None) -> Decimal:
    """Price a quantity by tiers: `volume` prices all of it by the tier it reaches, `graduated` each part by its own."""
    total, below = Decimal(0), 0
    for tier in tiers:
        upper = whole(tier, "up_to") if tier.get("up_to") != "inf" else None
        reached = upper is None or quantity <= upper
        counted = quantity if mode == "volume" else min(quantity, quantity if upper is None else upper) - below
        if mode != "volume" or reached:
            total += counted * (number(tier, "unit_amount_decimal", "unit_amount") or 0)
            total += (number(tier, "flat_amount_decimal", "flat_amount") or 0) if counted or mode == "volume" else 0
        if reached:
            break
        below = quantity if upper is None else upper
    return total


def packed(quantity: int, price: Any) -> int:
    """Give how many packages a quantity fills, where a price is for packages (`transform_quantity`)."""
    size = whole(part(price, "transform_quantity"), "divide_by")
    if not size or size < 1:
        return quantity
    up = part(price, "transform_quantity").get("round") == "up"
    return int((Decimal(quantity) / size).to_integral_value(ROUND_CEILING if up else ROUND_FLOOR))


def contract_of(items: Sequence[Item], off: Decimal, currency: str) -> dict[str, Any]:
    """Add items up. Plan and seats are those of the item that costs most; `off` is taken from the whole, to 0.

    Raises UnusableError.
    """
    if not items:
        return {"plan": None, "seats": None, "arr_minor": 0, "term_months": 1}
    if sum(item.yearly for item in items) > _MOST_A_YEAR:
        raise UnusableError("The contract is worth more a year than can be counted.")
    main = max(items, key=lambda item: item.yearly)
    yearly = max(sum((item.yearly for item in items), Decimal(0)) - off, Decimal(0))
    return {
        "plan": main.name,
        "seats": main.quantity,
        "arr_minor": minor_of(yearly, currency),
        "term_months": max(item.months for item in items),
    }
