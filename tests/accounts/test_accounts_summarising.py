"""The accounts' own columns of the summary: who they are, what they pay, when that renews."""

from datetime import date

import pytest

from app.accounts import summarising
from app.accounts.models import Account, AccountSummary
from app.accounts.queries import get_account, get_summary
from app.core import tenancy
from app.extensions import db
from tests.books import days_ago, stretch, subscribe, write_accounts
from tests.cast import TODAY


def summary_of(*stretches, today=TODAY):
    (account_id,) = write_accounts("acme")
    subscribe(*stretches, today=today)
    db.session.expire_all()
    return get_summary(account_id)


@pytest.mark.parametrize(
    ("started", "term", "today", "renews"),
    [
        (date(2025, 11, 20), 12, date(2026, 11, 19), date(2026, 11, 20)),
        (date(2025, 11, 20), 12, date(2026, 11, 20), date(2026, 11, 20)),
        (date(2025, 11, 20), 12, date(2026, 11, 21), date(2027, 11, 20)),
        (date(2024, 2, 29), 12, date(2026, 2, 28), date(2026, 2, 28)),
        (date(2024, 2, 29), 12, date(2026, 3, 1), date(2027, 2, 28)),
        (date(2026, 5, 31), 3, date(2026, 11, 20), date(2026, 11, 30)),
        (date(2026, 2, 28), 6, date(2026, 8, 29), date(2027, 2, 28)),
        (date(2025, 8, 31), 6, date(2026, 3, 1), date(2026, 8, 28)),
        (date(2020, 1, 1), 36, date(2026, 11, 20), date(2029, 1, 1)),
        (date(2026, 11, 1), 1, date(2026, 11, 20), None),
        (date(2026, 11, 1), None, date(2026, 11, 20), None),
    ],
)
def test_the_next_renewal_is_a_whole_number_of_terms_after_the_first(workspace, started, term, today, renews):
    assert summary_of(stretch("acme", 100, started, term_months=term), today=today).renews_on == renews


def test_of_several_contracts_the_first_renewal_counts(workspace):
    found = summary_of(
        stretch("acme", 100, date(2026, 3, 1), external_id="a"), stretch("acme", 100, date(2026, 1, 9), external_id="b")
    )
    assert found.renews_on == date(2027, 1, 9)


@pytest.mark.parametrize(
    ("stretches", "stage"),
    [
        ([], "prospect"),
        ([stretch("acme", 0, days_ago(200))], "prospect"),
        ([stretch("acme", 100, days_ago(30), is_trial=True)], "prospect"),
        ([stretch("acme", 100, days_ago(-1))], "prospect"),
        ([stretch("acme", 100, TODAY)], "onboarding"),
        ([stretch("acme", 100, days_ago(89))], "onboarding"),
        ([stretch("acme", 100, days_ago(90))], "adopting"),
        ([stretch("acme", 100, days_ago(364))], "adopting"),
        ([stretch("acme", 100, days_ago(365))], "established"),
        ([stretch("acme", 100, days_ago(400), TODAY)], "former"),
        ([stretch("acme", 100, days_ago(400), days_ago(-1))], "established"),
    ],
)
def test_the_stage_follows_from_when_it_first_paid_and_whether_it_still_does(workspace, stretches, stage):
    assert summary_of(*stretches).stage == stage


def test_the_stage_of_the_account_itself_follows(workspace):
    summary = summary_of(stretch("acme", 100, days_ago(30)))
    assert get_account(summary.account_id).stage == "onboarding"
    summarising.refresh([summary.account_id], days_ago(-400))
    db.session.expire_all()
    assert get_account(summary.account_id).stage == "established"


def test_what_runs_today_is_added_up_and_the_largest_names_the_plan(workspace):
    found = summary_of(
        stretch("acme", 100, days_ago(50), external_id="small", plan="basic", seats=5),
        stretch("acme", 900, days_ago(40), external_id="large", plan="pro", seats=20),
        stretch("acme", 5000, days_ago(90), days_ago(10), external_id="over", plan="old", seats=99),
        stretch("acme", 7000, days_ago(-5), external_id="coming", plan="next", seats=99),
        stretch("acme", 3000, days_ago(5), external_id="trial", plan=None, seats=None, is_trial=True),
    )
    assert (found.arr_minor, found.seats, found.plan) == (1000, 25, "pro")


def test_an_account_without_a_contract_has_a_row_too(workspace):
    found = summary_of()
    assert (found.arr_minor, found.plan, found.seats, found.renews_on) == (0, None, None, None)


def test_refreshing_some_leaves_the_others_as_they_were(workspace):
    one, other = write_accounts("one", "other")
    subscribe()
    write_accounts("one", "other", tier="gold")
    summarising.refresh([one], TODAY)
    db.session.expire_all()
    assert (get_summary(one).tier, get_summary(other).tier) == ("gold", None)


def test_the_columns_of_other_domains_are_left_alone(workspace):
    found = summary_of(stretch("acme", 100, days_ago(30)))
    found.score, found.band, found.usage_28d = 61.5, "steady", 7.0
    db.session.flush()
    subscribe(stretch("acme", 200, days_ago(30)))
    db.session.expire_all()
    assert (found.arr_minor, found.score, found.band, found.usage_28d) == (200, 61.5, "steady", 7.0)


def test_another_workspace_is_not_touched(cast):
    with tenancy.workspace(cast.elsewhere.id):
        write_accounts("theirs")
        assert db.session.query(AccountSummary).count() == 0
    subscribe()
    with tenancy.workspace(cast.elsewhere.id):
        assert (db.session.query(Account).count(), db.session.query(AccountSummary).count()) == (1, 0)


def test_a_notice_is_told_as_an_end(workspace):
    assert summary_of(stretch("acme", 100, days_ago(300), days_ago(-20), term_months=12)).ends_on == days_ago(-20)


def test_a_stretch_that_another_follows_is_no_notice(workspace):
    old = stretch("acme", 100, days_ago(300), days_ago(-20), external_id="old", term_months=12)
    assert summary_of(old, stretch("acme", 120, days_ago(-20), external_id="new", term_months=12)).ends_on is None
