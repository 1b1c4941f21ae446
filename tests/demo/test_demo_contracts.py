import numpy as np
import pandas as pd

from tests.demo.conftest import customer_months


def test_stretches_tile_each_life_without_overlap(companies):
    for company in companies:
        rows = company.subscriptions
        assert rows.sort_values(["account", "started_on"]).index.equals(rows.index)
        ended, follows = rows["ended_on"], rows["account"].eq(rows["account"].shift(-1))
        assert (ended.isna() | (ended > rows["started_on"])).all()
        assert ended[follows].notna().all()
        assert (rows["started_on"].shift(-1)[follows] >= ended[follows]).all()
        assert not ended[~follows].gt(pd.Timestamp(company.ends_on)).any()


def test_gaps_between_stretches_are_exactly_the_churns_of_the_truth(companies):
    for company in companies:
        rows = company.subscriptions
        goes_on = rows["account"].eq(rows["account"].shift(-1)) & rows["ended_on"].eq(rows["started_on"].shift(-1))
        lost = rows.loc[rows["ended_on"].notna() & ~goes_on, ["account", "ended_on"]]
        true = company.truth.churns[["account", "churned_on"]].sort_values(["account", "churned_on"])
        assert lost.to_numpy().tolist() == true.to_numpy().tolist()


def test_about_a_hundred_of_four_hundred_leave_in_two_years(companies):
    assert all(80 <= len(company.truth.churns) <= 120 for company in companies)


def test_small_customers_leave_more_often_than_large_ones(large):
    months = pd.Series(customer_months(large)).groupby(large.accounts["tier"]).sum()
    tier = large.accounts["tier"].to_numpy()[large.truth.churns["account"]]
    rate = pd.Series(tier).value_counts() / months
    assert 0.015 < rate["small"] < 0.025
    assert 0.003 < rate["enterprise"] < 0.012
    assert 0.12 < 1 - (1 - len(tier) / months.sum()) ** 12 < 0.19


def test_the_true_hazard_is_calibrated(companies, large):
    expected = sum(company.truth.hazard.sum() for company in [*companies, large])
    happened = sum(len(company.truth.churns) for company in [*companies, large])
    assert abs(happened - expected) < 4 * np.sqrt(expected)


def test_a_sixth_to_a_quarter_leave_for_no_reason_that_shows(companies, large):
    reasons = pd.concat([company.truth.churns["reason"] for company in [*companies, large]])
    assert 0.15 < (reasons == "none").mean() < 0.25
    assert reasons.nunique() >= 9


def test_a_term_contract_mostly_ends_at_its_renewal(large):
    rows = large.subscriptions
    left = rows.merge(large.truth.churns, left_on=["account", "ended_on"], right_on=["account", "churned_on"])
    term = left[left["term_months"] > 1]
    assert (term["ended_on"] == term["renews_on"]).mean() > 0.6


def test_the_end_is_known_before_it_comes_but_not_before_the_stretch_began(company):
    rows = company.subscriptions.dropna(subset="ended_on")
    assert (rows["known_end_on"] <= rows["ended_on"]).all()
    assert (rows["known_end_on"] >= rows["started_on"]).all()


def test_seats_grow_and_shrink_and_some_who_left_come_back(large):
    rows = large.subscriptions
    before = rows.shift(1)
    follows = rows["account"].eq(before["account"])
    steps = (rows["seats"] - before["seats"])[follows]
    assert (steps > 0).sum() > (steps < 0).sum() > 20
    returns = follows & rows["started_on"].gt(before["ended_on"])
    assert 5 < returns.sum() < 0.25 * len(large.truth.churns)


def test_a_bill_goes_out_only_while_the_customer_is_one(company):
    rows, bills = company.subscriptions, company.invoices
    pairs = bills.reset_index().merge(rows[["account", "started_on", "ended_on"]], on="account")
    inside = (pairs["issued_on"] >= pairs["started_on"]) & ~(pairs["issued_on"] >= pairs["ended_on"])
    assert pairs[inside]["index"].nunique() == len(bills)
    assert (bills["paid_on"].isna() | (bills["paid_on"] >= bills["issued_on"])).all()
    assert not bills["paid_on"].gt(pd.Timestamp(company.ends_on)).any()
    assert bills["issued_on"].le(pd.Timestamp(company.ends_on)).all()


def test_a_monthly_bill_is_one_months_revenue(company):
    rows = company.subscriptions
    monthly = rows[rows["billing_period"] == "monthly"]
    pairs = company.invoices.merge(monthly, on="account")
    due = pairs[(pairs["issued_on"] >= pairs["started_on"]) & ~(pairs["issued_on"] >= pairs["ended_on"])]
    assert len(due) > 500
    assert (due["amount"] == due["mrr"]).all()
