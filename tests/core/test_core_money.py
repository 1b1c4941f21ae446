"""Amounts as people type them."""

from decimal import Decimal

import pytest

from app.core.money import money, read_amount


@pytest.mark.parametrize(
    ("typed", "currency", "amount"),
    [
        ("87000", "USD", 87_000), ("87,000", "USD", 87_000), (" 87,000.50 ", "USD", Decimal("87000.5")),
        ("87k", "USD", 87_000), ("$87k", "USD", 87_000), ("$ 1.2m", "USD", 1_200_000), ("1.2M", "USD", 1_200_000),
        ("2bn", "USD", 2_000_000_000), ("87 k", "USD", 87_000), ("USD 500", "USD", 500), ("500 €", "EUR", 500),
        ("€500", "EUR", 500), ("CHF 500", "CHF", 500), ("500chf", "CHF", 500), ("¥1,200", "JPY", 1_200), ("0", "USD", 0),
    ],
)  # fmt: skip
def test_an_amount_is_read_as_people_type_it(typed, currency, amount):
    assert read_amount(typed, currency) == amount


@pytest.mark.parametrize("minor", [0, 1, 99, 100, 123_456_789])
@pytest.mark.parametrize("currency", ["USD", "EUR", "JPY", "KWD", "CHF"])
def test_what_is_written_out_is_read_back(minor, currency):
    written = money(minor, currency)
    assert money(int(read_amount(written, currency).scaleb({"JPY": 0, "KWD": 3}.get(currency, 2))), currency) == written


@pytest.mark.parametrize(
    "typed", ["", "soon", "-5", "−5", "8,70", "87,0000", "1e9", "NaN", "Infinity", "87kk", "1.2.3"]
)
def test_what_is_no_amount_is_refused_with_an_example(typed):
    with pytest.raises(ValueError, match="such as 87000, 87,000 or 87k"):
        read_amount(typed, "USD")


@pytest.mark.parametrize("typed", ["1000000000001", "9" * 40, "1001bn"])
def test_an_amount_beyond_a_trillion_is_asked_about(typed):
    with pytest.raises(ValueError, match="beyond a trillion"):
        read_amount(typed, "USD")


@pytest.mark.parametrize(("typed", "currency"), [("€500", "USD"), ("500 £", "USD"), ("$500", "EUR")])
def test_the_sign_of_another_currency_is_refused_in_words(typed, currency):
    with pytest.raises(ValueError, match=f"Amounts here are in {currency}: write it without"):
        read_amount(typed, currency)
