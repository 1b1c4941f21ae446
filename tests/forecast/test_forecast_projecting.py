"""Renewals ahead, each with a chance; quarters as distributions; snapshots that never change."""

from datetime import date, timedelta

import numpy as np
import pytest
from sqlalchemy import select, text

from app.accounts.intake import recording
from app.accounts.queries import get_summary
from app.core import tenancy
from app.core.money import money
from app.extensions import db
from app.forecast import projecting, queries
from app.forecast.deriving import derive
from app.forecast.models import ForecastSnapshot, RenewalCall, RenewalForecast
from app.forecast.queries import called_total, calls_on, monthly_book, quarter_after, quarter_of, renewals_ahead
from app.health.models import HealthScore
from tests.books import days_ago, stretch, subscribe, write_accounts
from tests.cast import NOW, TODAY

Q4 = date(2026, 10, 1)


@pytest.fixture
def book(cast):
    """Forty accounts on yearly contracts; each renewed or left in past quarters, one pays monthly."""
    names = [f"acc{n:02}" for n in range(40)]
    recording.record_accounts([{"external_id": name, "owner_email": cast.owner.email} for name in names], NOW)
    ids = dict(zip(names, write_accounts(*names), strict=True))
    starts = {name: date(2024, 1, 1) + timedelta(days=27 * n) for n, name in enumerate(names)}
    subscribe(*(
        stretch(name, 1000_00 * (n + 1), starts[name], _year_after(starts[name]) if n % 9 == 5 else None,
                term_months=1 if n == 39 else 12)
        for n, name in enumerate(names)
    ))  # fmt: skip
    derive(cast.workspace, TODAY)
    db.session.expire_all()
    return ids


def _year_after(day):
    return day.replace(year=day.year + 1)


@pytest.mark.parametrize(
    ("day", "ahead", "quarter"),
    [
        (date(2026, 1, 1), 0, date(2026, 1, 1)), (date(2026, 3, 31), 0, date(2026, 1, 1)), (date(2026, 12, 31), 0, Q4),
        (date(2026, 11, 20), 1, date(2027, 1, 1)), (date(2026, 2, 1), -1, date(2025, 10, 1)),
    ],
)  # fmt: skip
def test_quarters_are_those_of_the_calendar(day, ahead, quarter):
    assert quarter_of(day, ahead) == quarter
    assert quarter_after(quarter) == quarter_of(quarter, 1)


def test_every_renewal_of_the_coming_year_has_a_chance_and_an_expectation(book):
    rows = db.session.scalars(select(RenewalForecast)).all()
    assert len(rows) > 25
    for row in rows:
        assert TODAY < row.renews_on <= date(2027, 11, 20)
        assert 0 < row.probability < 1 or (row.basis, row.probability) == ("notice", 0)
        assert row.expected_minor == pytest.approx(row.arr_minor * row.probability, abs=1)
    assert book["acc39"] not in {row.account_id for row in rows}
    assert book["acc05"] not in {row.account_id for row in rows}


def test_the_summary_shows_the_chance_of_the_next_renewal(book):
    row = db.session.scalars(select(RenewalForecast).where(RenewalForecast.account_id == book["acc01"])).one()
    assert get_summary(book["acc01"]).renewal_probability == row.probability
    assert get_summary(book["acc39"]).renewal_probability is None


def test_a_contract_that_renews_quarterly_stands_with_each_of_its_renewals(cast):
    write_accounts("acme")
    subscribe(stretch("acme", 100_00, date(2026, 1, 31), term_months=3))
    derive(cast.workspace, TODAY)
    rows = db.session.scalars(select(RenewalForecast).order_by(RenewalForecast.renews_on)).all()
    assert [row.renews_on.month for row in rows] == [1, 4, 7, 10]
    assert [row.probability for row in rows] == sorted((row.probability for row in rows), reverse=True)


def test_projecting_again_replaces_what_lay_ahead(book, cast):
    before = db.session.execute(text("SELECT * FROM renewal_forecast ORDER BY account_id")).all()
    projecting.project(cast.workspace, TODAY)
    assert db.session.execute(text("SELECT * FROM renewal_forecast ORDER BY account_id")).all() == before


def snapshots():
    db.session.expire_all()
    return db.session.scalars(select(ForecastSnapshot).order_by(ForecastSnapshot.quarter)).all()


def test_a_snapshot_tells_this_quarter_and_the_next_three(book):
    taken = snapshots()
    assert [each.quarter for each in taken] == [quarter_of(TODAY, n) for n in range(4)]
    for each in taken:
        assert each.booked_minor <= each.p10_minor <= each.p50_minor <= each.p90_minor
        assert each.p90_minor <= each.due_minor - each.lost_minor
        assert len(each.detail["histogram"]) + 1 == len(each.detail["edges"])
        assert sum(each.detail["histogram"]) == projecting.DRAWS
    this, following = taken[:2]
    assert this.booked_minor + this.lost_minor > 0
    assert (following.booked_minor, following.lost_minor) == (0, 0)


def test_due_is_what_was_booked_what_was_lost_and_what_lies_ahead(book):
    for each in snapshots():
        ahead = renewals_ahead(max(each.quarter, TODAY + timedelta(days=1)), quarter_after(each.quarter))
        assert each.due_minor == each.booked_minor + each.lost_minor + sum(row.arr_minor for row in ahead)
        assert each.renewals == len(ahead)


def test_a_snapshot_never_changes_whatever_comes_after_it(book, cast):
    before = [(each.quarter, each.p50_minor, each.taken_at) for each in snapshots()]
    db.session.execute(text("UPDATE renewal_forecast SET probability = 0.01"))
    projecting.take_snapshot(cast.workspace, TODAY)
    assert [(each.quarter, each.p50_minor, each.taken_at) for each in snapshots()] == before
    projecting.take_snapshot(cast.workspace, TODAY + timedelta(days=1))
    assert len(queries.snapshots(quarter_of(TODAY, 1))) == 2
    first, second = queries.snapshots(quarter_of(TODAY, 1))
    assert first.taken_on < second.taken_on
    assert second.p50_minor < first.p50_minor


def test_a_snapshot_is_the_same_for_the_same_facts(book, cast):
    before = [(each.p10_minor, each.p50_minor, each.p90_minor, each.detail) for each in snapshots()]
    db.session.execute(text("DELETE FROM forecast_snapshot"))
    projecting.take_snapshot(cast.workspace, TODAY)
    assert [(each.p10_minor, each.p50_minor, each.p90_minor, each.detail) for each in snapshots()] == before


def test_an_empty_book_has_empty_quarters(cast):
    projecting.project(cast.workspace, TODAY)
    projecting.take_snapshot(cast.workspace, TODAY)
    assert [(each.due_minor, each.p10_minor, each.p90_minor, each.called_minor) for each in snapshots()] == [
        (0, 0, 0, None)
    ] * 4


def test_the_past_teaches_what_those_who_renew_keep(book):
    past = projecting.learn_from_past(TODAY)
    assert past.kept_mean == 1.0
    assert past.kept_spread == 0.0
    assert len(past.periods) > 0
    assert all(0 < period.p_renew[0] < 1 for period in past.periods)


def test_nobody_keeps_more_than_all_of_it():
    kept = projecting._kept(np.array([[100.0, 150.0], [100.0, 60.0], [100.0, 0.0]]))
    assert kept.tolist() == [1.0, 0.6]


def call(account_id, renews_on, category, amount, **columns):
    values = {"reason": "said so", "made_by": 1, "made_at": NOW} | columns
    db.session.add(
        RenewalCall(account_id=account_id, renews_on=renews_on, category=category, amount_minor=amount, **values)
    )
    db.session.flush()


def ahead_of(account_id):
    return next(row for row in renewals_ahead(TODAY, date(2027, 12, 1)) if row.account_id == account_id)


def test_the_newest_call_on_a_renewal_counts_and_the_earlier_ones_are_kept(book):
    renewal = ahead_of(book["acc01"])
    assert (renewal.category, renewal.called_minor) == (None, None)
    call(book["acc01"], renewal.renews_on, "likely", 900_00, made_at=NOW - timedelta(days=9))
    call(book["acc01"], renewal.renews_on, "lost", 0)
    call(book["acc01"], renewal.renews_on + timedelta(days=1), "commit", 5_00, made_at=NOW + timedelta(days=1))
    again = ahead_of(book["acc01"])
    assert (again.category, again.called_minor, again.call_reason) == ("lost", 0, "said so")
    assert [each.category for each in calls_on(book["acc01"])] == ["commit", "lost", "likely"]


def test_of_two_calls_in_one_moment_the_later_written_counts(book):
    renewal = ahead_of(book["acc01"])
    call(book["acc01"], renewal.renews_on, "likely", 1)
    call(book["acc01"], renewal.renews_on, "commit", 2)
    assert ahead_of(book["acc01"]).category == "commit"


def test_calls_are_summed_with_the_model_where_nobody_called(book, cast):
    first, last = date(2027, 1, 1), date(2027, 4, 1)
    rows = renewals_ahead(first, last)
    assert called_total(rows, 7) is None
    call(rows[0].account_id, rows[0].renews_on, "lost", 0)
    expected = 7 + sum(round(row.arr_minor * row.probability) for row in rows[1:])
    assert called_total(renewals_ahead(first, last), 7) == expected
    projecting.take_snapshot(cast.workspace, TODAY + timedelta(days=1))
    assert queries.snapshots(first)[-1].called_minor == expected - 7


def test_those_with_most_at_stake_come_first_and_are_cut_to_an_owner(book, cast):
    rows = renewals_ahead(TODAY, date(2027, 12, 1))
    stakes = [row.arr_minor * (1 - row.probability) for row in rows]
    assert stakes == sorted(stakes, reverse=True)
    assert len(renewals_ahead(TODAY, date(2027, 12, 1), limit=3)) == 3
    assert renewals_ahead(TODAY, date(2027, 12, 1), owner_id=cast.colleague.id) == []
    assert len(renewals_ahead(TODAY, date(2027, 12, 1), owner_id=cast.owner.id)) == len(rows)


def test_who_pays_monthly_is_counted_apart(book):
    told = monthly_book()
    assert (told.accounts, told.arr_minor) == (1, 40_000_00)
    assert 0 < told.expected_minor < told.arr_minor


def test_deriving_all_again_changes_nothing(book, cast):
    query = text("SELECT to_jsonb(s) FROM account_summary s ORDER BY account_id")
    before, scores = db.session.scalars(query).all(), db.session.query(HealthScore).count()
    derive(cast.workspace, TODAY)
    assert db.session.scalars(query).all() == before
    assert db.session.query(HealthScore).count() == scores


def test_another_workspace_has_a_forecast_of_its_own(book, cast):
    with tenancy.workspace(cast.elsewhere.id):
        derive(cast.elsewhere, TODAY)
        assert renewals_ahead(days_ago(900), date(2030, 1, 1)) == []
        assert [each.due_minor for each in snapshots()] == [0] * 4
    assert len(snapshots()) == 4


@pytest.fixture
def address(book):
    return f"/accounts/{book['acc01']}/calls"


def form(**changed):
    return {"renews_on": "2027-01-28", "category": "likely", "amount": "1,250.50", "reason": "Sponsor agreed"} | changed


def test_a_manager_makes_a_call(sign_in, cast, book, address):
    answer = sign_in(cast.owner).post(address, data=form(next="/renewals"))
    assert answer.location == "/renewals"
    (made,) = calls_on(book["acc01"])
    assert (made.category, made.amount_minor, made.reason, made.made_by) == (
        "likely",
        1250_50,
        "Sponsor agreed",
        cast.owner.id,
    )


def test_a_call_of_lost_needs_no_amount(sign_in, cast, book, address):
    sign_in(cast.owner).post(address, data=form(category="lost", amount=""))
    assert calls_on(book["acc01"])[0].amount_minor == 0


@pytest.mark.parametrize(
    "changed",
    [
        {"category": "sure"}, {"reason": " "}, {"reason": "x" * 1_001}, {"renews_on": "soon"}, {"amount": "a lot"},
        {"amount": "-1"}, {"amount": "NaN"}, {"amount": "Infinity"}, {"amount": "1e999999"}, {"amount": "9" * 30}, {"amount": ""},
    ],
)  # fmt: skip
def test_a_call_that_says_nothing_is_refused(sign_in, cast, book, address, changed):
    assert sign_in(cast.owner).post(address, data=form(**changed)).status_code == 422
    assert calls_on(book["acc01"]) == []


def test_a_call_of_over_ten_times_the_revenue_is_asked_about(sign_in, cast, book, address):
    arr = get_summary(book["acc01"]).arr_minor
    answer = sign_in(cast.owner).post(address, data=form(amount=str(arr // 100 * 10 + 1)))
    assert answer.status_code == 422
    assert f"That is more than ten times the {money(arr, 'USD')} up for renewal: check the amount." in answer.text
    assert calls_on(book["acc01"]) == []
    assert sign_in(cast.owner).post(address, data=form(amount=str(arr // 100 * 10))).status_code == 302


def test_a_call_leads_nowhere_else(sign_in, cast, book, address):
    answer = sign_in(cast.owner).post(address, data=form(next="https://evil.example"))
    assert answer.location == f"/accounts/{book['acc01']}#call"
