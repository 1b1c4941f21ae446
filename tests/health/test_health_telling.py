"""Reasons as people read them."""

import pytest

from app.health.model.telling import written


@pytest.mark.parametrize(
    ("code", "sentence", "currency", "told"),
    [
        ("size", "pays 63,226 a year", "USD", "pays $63,226 a year"),
        ("size", "pays 63,226 a year", "CHF", "pays CHF 63,226 a year"),
        ("price_increase", "price per seat rose by 4 % to 371 a year", "EUR", "price per seat rose by 4 % to €371 a year"),
        ("price_increase", "price per seat unchanged within a year", "EUR", "price per seat unchanged within a year"),
        ("contraction", "recurring revenue contracted by 9 % from 63,226 in 180 days", "USD",
         "recurring revenue contracted by 9 % from $63,226 in 180 days"),
        ("late_payers", "1 of 3 invoices paid late in a year", "USD", "1 of 3 invoices paid late in a year"),
    ],
)  # fmt: skip
def test_a_sentence_about_money_has_its_currency(code, sentence, currency, told):
    assert written(code, sentence, currency) == told
