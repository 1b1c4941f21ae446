"""Numbers and money out of texts, exactly: Decimal from the first digit to the last, never float."""

import re
from decimal import Decimal
from functools import lru_cache

from app.core.money import minor_digits, to_minor

_DOLLARS = frozenset({"USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN", "TWD", "BRL", "CLP", "COP", "ARS"})
_SIGNS = {
    "US$": frozenset({"USD"}), "A$": frozenset({"AUD"}), "C$": frozenset({"CAD"}), "NZ$": frozenset({"NZD"}),
    "S$": frozenset({"SGD"}), "HK$": frozenset({"HKD"}), "R$": frozenset({"BRL"}), "$": _DOLLARS,
    "€": frozenset({"EUR"}), "£": frozenset({"GBP"}), "¥": frozenset({"JPY", "CNY"}), "₹": frozenset({"INR"}),
    "₩": frozenset({"KRW"}), "zł": frozenset({"PLN"}), "Fr.": frozenset({"CHF"}),
}  # fmt: skip
CURRENCIES = frozenset(
    [
        "USD",
        "EUR",
        "GBP",
        "JPY",
        "CNY",
        "INR",
        "AUD",
        "CAD",
        "NZD",
        "SGD",
        "HKD",
        "CHF",
        "SEK",
        "NOK",
        "DKK",
        "PLN",
        "CZK",
        "HUF",
        "RON",
        "BGN",
        "TRY",
        "ZAR",
        "BRL",
        "MXN",
        "ARS",
        "CLP",
        "COP",
        "KRW",
        "TWD",
        "THB",
        "IDR",
        "MYR",
        "PHP",
        "VND",
        "ILS",
        "AED",
        "SAR",
        "EGP",
        "NGN",
        "KES",
        "UAH",
        "BHD",
        "KWD",
        "TND",
    ]
)
_CODE = re.compile(r"^([A-Z]{3})(?=[\s\d(+-])|(?<=[\s\d)])([A-Z]{3})$")
_SPACES = re.compile(r"[\s   '’_]")
_MOST_DIGITS = 30
_PLAIN = re.compile(r"\d*\.?\d+|\d+\.")


@lru_cache(maxsize=65_536)
def decimal_mark(text: str) -> str | None:
    """Say which decimal mark a number betrays: "," or "."; "?" for one dot with three digits; None for nothing."""
    digits = _SPACES.sub("", _without_currency(text)[0]).strip("+-()")
    commas, dots = digits.count(","), digits.count(".")
    if commas and dots:
        return max(",.", key=digits.rindex)
    if commas > 1 or dots > 1:
        return "." if commas else ","
    if not commas and not dots:
        return None
    mark = "," if commas else "."
    whole, _, fraction = digits.partition(mark)
    if len(fraction) == 3 and 1 <= len(whole) <= 3 and whole != "0":
        return "?" if mark == "." else None
    return mark


@lru_cache(maxsize=65_536)
def read_number(text: str, mark: str | None = None) -> Decimal:
    """Read a number whose column has `mark` as decimal mark (None: not known). Raises ValueError."""
    digits = _SPACES.sub("", text.strip()).replace("−", "-")
    sign = -1 if digits.startswith("-") or digits.endswith("-") or (digits[:1] == "(" and digits[-1:] == ")") else 1
    digits = digits.strip("+-()")
    plain = _plain(digits, decimal_mark(digits), mark)
    if not _PLAIN.fullmatch(plain):
        raise ValueError("is not a number")
    if len(plain) > _MOST_DIGITS:
        raise ValueError("has more digits than can be kept exactly")
    return sign * Decimal(plain)


@lru_cache(maxsize=65_536)
def read_money(text: str, mark: str | None, currency: str) -> Decimal:
    """Read an amount in major units of `currency`. Raises ValueError, also when it names another currency."""
    bare, said = _without_currency(text)
    if said and currency not in said:
        raise ValueError(_other_currency(said, currency))
    if mark is None and decimal_mark(bare) == "?" and minor_digits(currency) < 3:
        raise ValueError("may be thousands or thousandths: write it without the dot, or with two decimals")
    try:
        return read_number(bare, mark)
    except ValueError:
        raise ValueError("is not an amount of money") from None


def check_currency(text: str, currency: str) -> str:
    """Read a currency's name. Raises ValueError when it is not the workspace's."""
    name = text.strip().upper()
    if name != currency and currency not in _SIGNS.get(text.strip(), frozenset()):
        raise ValueError(_other_currency(frozenset({name}), currency))
    return currency


def minor(amount: Decimal, currency: str) -> int:
    """Give whole minor units. Raises ValueError beyond what a ledger holds."""
    units = to_minor(amount, currency)
    if abs(units) > 10**15:
        raise ValueError("is larger than any contract: are the thousands marks misread?")
    return units


def _plain(digits: str, own: str | None, column: str | None) -> str:
    """Write digits with a dot for the decimal mark and without marks between thousands."""
    decimal = own if own in {",", "."} else column or "."
    thousands = "." if decimal == "," else ","
    whole, _, fraction = digits.rpartition(decimal) if decimal in digits else (digits, "", "")
    groups = whole.split(thousands)
    if len(groups) > 1 and not (1 <= len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])):
        raise ValueError("is not a number: its thousands marks stand oddly")
    return "".join(groups) + (f".{fraction}" if fraction else "")


def _without_currency(text: str) -> tuple[str, frozenset[str]]:
    trimmed = text.strip()
    if found := _CODE.search(trimmed):
        code = found[1] or found[2]
        if code in CURRENCIES:
            return trimmed.replace(code, "").strip(), frozenset({code})
    for sign, said in _SIGNS.items():
        if sign in trimmed:
            return trimmed.replace(sign, "").strip(), said
    return trimmed, frozenset()


def _other_currency(said: frozenset[str], currency: str) -> str:
    name = min(said) if len(said) == 1 else "another currency"
    remedy = "convert the column first, or keep such accounts in a workspace of their own"
    return f"is in {name}; this workspace counts in {currency}: {remedy}"
