import numpy as np
import pandas as pd
import pytest

from app.demo.company import simulate
from tests.demo.conftest import customer_months

FRAMES = ("accounts", "subscriptions", "contacts", "interactions", "invoices", "treated")


def test_the_same_seed_makes_the_same_company(company):
    again = simulate(seed=7)
    for name in FRAMES:
        pd.testing.assert_frame_equal(getattr(again, name), getattr(company, name))
    np.testing.assert_array_equal(again.usage, company.usage)
    pd.testing.assert_frame_equal(again.user_months, company.user_months)
    np.testing.assert_array_equal(again.truth.hazard, company.truth.hazard)


def test_another_seed_makes_another_company(companies):
    first, second = companies[:2]
    assert first.accounts["name"].tolist() != second.accounts["name"].tolist()
    assert not np.array_equal(first.usage, second.usage)


def test_a_company_has_accounts_and_months():
    with pytest.raises(ValueError, match="at least one account"):
        simulate(0)
    with pytest.raises(ValueError, match="at least one month"):
        simulate(10, months=0)


@pytest.mark.parametrize(
    ("accounts", "months", "ends_on"), [(1, 1, "2026-10-31"), (40, 5, "2024-02-29"), (60, 37, "2026-03-17")]
)
def test_any_span_can_be_told(accounts, months, ends_on):
    company = simulate(accounts, months, ends_on=pd.Timestamp(ends_on).date())
    days = (company.ends_on - company.first_day).days + 1
    assert company.usage.shape == (accounts, 5, days)
    assert pd.Timestamp(ends_on) + pd.Timedelta(days=1) - pd.DateOffset(months=months) == pd.Timestamp(
        company.first_day
    )


def test_accounts_can_be_told_apart_and_belong_to_nobody_real(large):
    accounts = large.accounts
    for column in ("external_id", "name", "domain"):
        assert accounts[column].is_unique
    assert accounts["domain"].str.endswith(".example").all()
    assert large.contacts["email"].is_unique
    own = accounts["domain"].to_numpy()[large.contacts["account"]]
    assert (large.contacts["email"].str.split("@").str[1].to_numpy() == own).all()


def test_names_outlast_the_words_they_are_made_of():
    names = simulate(30, seed=1).accounts["name"]
    from app.demo.words.companies import ENDINGS, STEMS, TRADES, christen

    available = len(STEMS) * len(ENDINGS) * sum(map(len, TRADES.values()))
    many, domains, _ = christen(available + 50, np.random.default_rng(1))
    assert available >= 100_000
    assert len(set(many)) == len(set(domains)) == available + 50
    assert names.is_unique


def test_an_owner_has_about_eighty_accounts(large):
    assert large.accounts["owner"].value_counts().between(70, 90).all()


def test_a_parent_is_larger_and_has_no_parent(large):
    parent = large.accounts["parent"].to_numpy()
    children = np.flatnonzero(parent >= 0)
    assert 0.02 < len(children) / len(large) < 0.07
    assert (parent[parent[children]] == -1).all()
    assert (large.accounts["tier"].to_numpy()[parent[children]] != "small").all()


def test_sizes_and_volumes_are_those_of_business_software(large):
    first_row = large.subscriptions.drop_duplicates("account")
    assert 8 <= first_row["seats"].median() <= 10
    assert 44 <= first_row["seats"].quantile(0.95) <= 64
    pays = large.subscriptions.loc[large.subscriptions["ended_on"].isna(), "account"]
    month = large.usage[pays, :, -31:].sum(axis=(1, 2))
    assert 400 < np.median(month) < 700
    assert 3_600 < np.quantile(month, 0.95) < 6_500


def test_small_accounts_speak_a_few_times_a_month_and_large_ones_more(large):
    tier = large.accounts["tier"].to_numpy()
    said = np.bincount(large.interactions["account"], minlength=len(large))
    a_month = {name: said[tier == name].sum() / customer_months(large)[tier == name].sum() for name in set(tier)}
    assert 1 < a_month["small"] < 4
    assert a_month["small"] < a_month["mid-market"] < a_month["enterprise"] < 15


def test_truth_is_in_no_public_frame(company):
    hidden = set(company.truth.episodes.columns) | set(company.truth.churns.columns) | {"hazard"}
    hidden -= {"account"}
    for name in FRAMES:
        assert hidden.isdisjoint(getattr(company, name).columns), name


def test_money_is_whole_minor_units(company):
    for amounts in (company.subscriptions["mrr"], company.invoices["amount"]):
        assert amounts.dtype.kind == "i"
        assert (amounts > 0).all()


def test_a_slice_is_the_same_however_the_book_is_cut(company):
    months = company.user_months
    for part in (slice(0, 5), slice(100, 300), slice(390, 400), slice(7, 7)):
        usage, own = company.activity_of(part)
        np.testing.assert_array_equal(usage, company.usage[part])
        inside = months[months["account"].isin(range(*part.indices(len(company))))]
        both = [frame.sort_values(["user", "month"], ignore_index=True) for frame in (own, inside)]
        pd.testing.assert_frame_equal(*both)


def test_twenty_months_of_two_thousand_accounts_are_told_block_by_block(large):
    seen = 0
    for part, usage, months in large.behaviour.blocks():
        assert usage.shape[0] == part.stop - part.start <= 128
        assert months["account"].between(part.start, part.stop - 1).all()
        seen += len(usage)
    assert seen == len(large)
