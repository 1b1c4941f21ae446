"""Money is integer minor units with a currency."""

import re
import unicodedata
from decimal import ROUND_HALF_EVEN, Decimal

_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
_MINOR_DIGITS = {"JPY": 0, "KRW": 0, "CLP": 0, "VND": 0, "BHD": 3, "KWD": 3, "TND": 3}
_STEPS = ((1_000_000_000, "bn"), (1_000_000, "m"), (1_000, "k"))
_MOST = 10**12
_TYPED = re.compile(r"([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(\.[0-9]+)? ?(k|m|bn)?", re.IGNORECASE)


def minor_digits(currency: str) -> int:
    """Give the number of decimal places of `currency` (ISO 4217)."""
    return _MINOR_DIGITS.get(currency, 2)


def to_minor(amount: Decimal, currency: str) -> int:
    """Turn a decimal amount into minor units, half to even."""
    return int(amount.scaleb(minor_digits(currency)).quantize(Decimal(1), ROUND_HALF_EVEN))


def read_amount(typed: str, currency: str) -> Decimal:
    """Read an amount as people type it: 87000, 87,000.50, 87k, $1.2m. Raises ValueError saying what to type instead."""
    symbol = _SYMBOLS.get(currency, currency)
    bare = typed.strip().removeprefix(symbol).removesuffix(symbol).strip()
    bare = re.sub(f"^{currency}|{currency}$", "", bare, flags=re.IGNORECASE).strip()
    foreign = next((letter for letter in bare if unicodedata.category(letter) == "Sc"), "")
    if foreign:
        raise ValueError(f"Amounts here are in {currency}: write it without {foreign}.")
    found = _TYPED.fullmatch(bare)
    if found is None:
        raise ValueError("Give an amount such as 87000, 87,000 or 87k.")
    size = {suffix: Decimal(size) for size, suffix in _STEPS}.get((found[3] or "").lower(), Decimal(1))
    amount = Decimal(found[1].replace(",", "") + (found[2] or "")) * size
    if amount > _MOST:
        raise ValueError("That is beyond a trillion: check the amount.")
    return amount


def in_currency(digits: str, currency: str) -> str:
    """Put the sign of a currency before digits that are written out already."""
    return f"{_SYMBOLS.get(currency, f'{currency} ')}{digits}"


def money(minor: float | None, currency: str) -> str:
    """Write minor units out to the last unit: `$12,340.50`; whole amounts without cents."""
    if minor is None:
        return "unknown"
    digits = minor_digits(currency)
    amount = Decimal(round(minor)).scaleb(-digits)
    places = 0 if amount == amount.to_integral_value() else digits
    return _signed(amount, f"{abs(amount):,.{places}f}", currency)


def short_money(minor: float | None, currency: str) -> str:
    """Write minor units for a glance: `$12.3k`, `$1.24m`."""
    if minor is None:
        return "unknown"
    amount = Decimal(round(minor)).scaleb(-minor_digits(currency))
    for size, suffix in _STEPS:
        scaled = abs(amount) / size
        if round(scaled, 3) >= 1:  # 999,950 is a million at a glance, not a thousand thousand
            places = 2 if scaled < 10 else 1 if scaled < 100 else 0
            return _signed(amount, f"{scaled:.{places}f}{suffix}", currency)
    return _signed(amount, f"{abs(amount):.0f}", currency)


def _signed(amount: Decimal, digits: str, currency: str) -> str:
    return f"{'−' if amount < 0 else ''}{in_currency(digits, currency)}"
