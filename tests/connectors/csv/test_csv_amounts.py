from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.connectors.csv.reading.amounts import check_currency, minor, read_money, read_number
from app.connectors.csv.reading.habits import judge

cents = st.integers(-(10**12), 10**12)
STYLES = {"english": (",", "."), "german": (".", ","), "french": (" ", ","), "swiss": ("'", "."), "plain": ("", ".")}


def written(amount, thousands, mark):
    return f"{amount:,.2f}".replace(",", "§").replace(".", mark).replace("§", thousands)


@given(cents, st.sampled_from(sorted(STYLES)))
def test_an_amount_with_cents_is_read_back_exactly_in_every_style(units, style):
    amount = Decimal(units).scaleb(-2)
    text = written(amount, *STYLES[style])
    assert read_number(text) == amount
    assert minor(read_money(f"${text}", None, "USD"), "USD") == units
    assert minor(read_money(f"{text} EUR", None, "EUR"), "EUR") == units


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=20))
def test_no_cent_is_lost_in_a_sum_of_monthly_amounts(units):
    read = sum(minor(read_money(f"{unit // 100}.{unit % 100:02d}", None, "USD") * 12, "USD") for unit in units)
    assert read == 12 * sum(units)


@pytest.mark.parametrize(
    ("text", "mark", "number"),
    [
        ("1,234", None, 1234), ("1,234", ",", "1.234"), ("1.234", ",", 1234), ("1.234", ".", "1.234"),
        ("0.125", None, "0.125"), ("12,5", None, "12.5"), ("1,234,567", None, 1234567), ("1.234.567", None, 1234567),
        ("(42.50)", None, "-42.5"), ("42-", None, -42), ("−42", None, -42), (".5", None, "0.5"), ("1 234,5", None, "1234.5"),
    ],
)  # fmt: skip
def test_marks_are_read_by_their_place_and_by_their_column(text, mark, number):
    assert read_number(text, mark) == Decimal(number)


@pytest.mark.parametrize("text", ["", "abc", "12a", "1,23,4", "1.2.3", "--", "1e5", "12,34.5", "NaN", "Infinity"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(ValueError, match="not a number"):
        read_number(text)


def test_thousands_and_thousandths_are_never_confused_without_evidence():
    with pytest.raises(ValueError, match="thousands or thousandths"):
        read_money("1.234", None, "USD")
    assert read_money("1.234", None, "KWD") == Decimal("1.234")


def test_a_column_whose_dots_always_precede_three_digits_means_thousands():
    rows = [{"arr": text} for text in ("1.200", "12.500", "990.000", "0")]
    assert judge(rows, [], ["arr"], None).marks == {"arr": ","}


def test_one_decimal_comma_settles_its_column():
    rows = [{"arr": text} for text in ("1.234", "99,50")]
    assert judge(rows, [], ["arr"], None).marks == {"arr": ","}


@pytest.mark.parametrize("text", ["€12", "12 EUR", "EUR12", "£1", "A$5", "CHF 10"])
def test_another_currency_is_refused_with_the_remedy(text):
    with pytest.raises(ValueError, match="this workspace counts in USD: convert"):
        read_money(text, None, "USD")


@pytest.mark.parametrize(
    ("text", "currency"), [("$12", "USD"), ("$12", "CAD"), ("US$12", "USD"), ("12 USD", "USD"), ("12 kr", "SEK")]
)
def test_the_own_currency_may_be_named(text, currency):
    if "kr" in text:
        with pytest.raises(ValueError, match="not an amount"):
            read_money(text, None, currency)
    else:
        assert read_money(text, None, currency) == 12


def test_a_currency_column_must_name_the_workspace_currency():
    assert check_currency(" usd ", "USD") == "USD"
    with pytest.raises(ValueError, match="is in EUR"):
        check_currency("eur", "USD")


def test_an_amount_beyond_reason_is_refused():
    with pytest.raises(ValueError, match="larger than any contract"):
        minor(Decimal("1e20"), "USD")
