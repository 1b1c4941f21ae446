"""Reasons as people read them."""

import pytest

from app.health.model.telling import written


@pytest.mark.parametrize(
    ("code", "sentence", "currency", "told"),
    [
        ("size", "pays 63,226 a year", "USD", "pays $63,226 a year"),
        ("size", "pays 63,226 a year", "CHF", "pays CHF 63,226 a year"),
        ("price_increase", "price per seat rose by 4 % to 371 a year", "EUR", "price per seat rose by 4 % to €371 a year"),
        ("price_increase", "price per seat unchanged in a year", "EUR", "price per seat unchanged in a year"),
        ("contraction", "recurring revenue contracted by 9 % from 63,226 in 180 days", "USD",
         "recurring revenue contracted by 9 % from $63,226 in 180 days"),
        ("sentiment", "a negative tone (-0.26) in 2 messages over 90 days", "USD",
         "a negative tone (−0.26) in 2 messages over 90 days"),
        ("seat_use", "0 of 1 seats in use", "USD", "0 of 1 seat in use"),
        ("seat_use", "3 of 21 seats in use", "USD", "3 of 21 seats in use"),
        ("late_payers", "1 of 3 invoices paid late in a year", "USD", "1 of 3 invoices paid late in a year"),
        ("rest", "co-op 1-2", "USD", "co-op 1-2"),
    ],
)  # fmt: skip
def test_a_sentence_has_its_currency_its_minus_and_its_singular(code, sentence, currency, told):
    assert written(code, sentence, currency) == told
