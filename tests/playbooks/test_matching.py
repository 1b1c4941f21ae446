"""Who is enrolled, when, and how many a day."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.accounts.models import AccountSummary
from app.core import tenancy
from app.extensions import db
from app.health.models import HealthChange
from app.playbooks.matching import match
from app.playbooks.models import Completion, Enrolment, Task
from tests.cast import NOW, TODAY

RISK = {"kind": "risk_threshold", "risk": 0.3, "within_days": 120}
RENEWAL = {"kind": "renewal_window", "days": 90, "band": "any"}


@pytest.fixture
def account_on(new_account, new_playbook, change):
    """Make a playbook of a trigger and an account whose band has changed."""

    def write(trigger, fall):
        new_playbook(trigger=trigger)
        change(new_account(), *fall)

    return write


def summary_of(account_id):
    return db.session.get_one(AccountSummary, (tenancy.workspace_id(), account_id))


def enrolments():
    return db.session.scalars(select(Enrolment).order_by(Enrolment.id)).all()


def open_tasks():
    return db.session.scalars(select(Task).where(Task.is_open).order_by(Task.id)).all()


def later(days):
    return NOW + timedelta(days=days), TODAY + timedelta(days=days)


def test_a_fall_to_watch_becomes_an_enrolment_and_a_task_with_owner_and_due_date(
    cast, new_account, new_playbook, change
):
    new_playbook(steps=[{"after_days": 3, "role": "owner", "title": "Call", "advice": "Ask."}])
    account = new_account()
    change(account)
    assert match(NOW, TODAY) == 1
    task = db.session.scalars(select(Task)).one()
    assert (task.account_id, task.title, task.owner_id, task.is_open) == (account, "Call", cast.owner.id, True)
    assert task.due_on.isoformat() == "2026-11-25"
    (enrolment,) = enrolments()
    assert enrolment.why == "Health fell from steady to watch: active users fell from 42 to 18"
    assert (enrolment.arm, enrolment.arr_minor, enrolment.risk) == ("treated", 12_000_00, 0.3)


def test_a_change_is_claimed_once(new_account, new_playbook, change):
    new_playbook()
    row = change(new_account())
    assert [match(NOW, TODAY), match(NOW, TODAY)] == [1, 0]
    db.session.refresh(row)
    assert row.processed_at == NOW


def test_a_change_that_concerns_no_playbook_is_claimed_too(new_account, new_playbook, change):
    new_playbook()
    row = change(new_account(), "watch", "steady")
    assert match(NOW, TODAY) == 0
    db.session.refresh(row)
    assert row.processed_at == NOW


@pytest.mark.parametrize(
    ("band", "fall", "fires"),
    [
        ("watch", ("thriving", "watch"), True),
        ("watch", ("watch", "at risk"), True),
        ("watch", ("thriving", "steady"), False),
        ("watch", ("at risk", "watch"), False),
        ("watch", ("unknown", "at risk"), False),
        ("at risk", ("steady", "watch"), False),
        ("at risk", ("watch", "at risk"), True),
    ],
)
def test_only_a_fall_into_the_band_fires(account_on, band, fall, fires):
    account_on({"kind": "band_change", "band": band}, fall)
    assert match(NOW, TODAY) == fires


def test_an_account_that_has_recovered_before_it_is_looked_at_is_left_alone(new_account, new_playbook, change):
    new_playbook()
    account = new_account()
    change(account)
    summary_of(account).band = "steady"
    assert match(NOW, TODAY) == 0


def test_high_risk_fires_only_near_the_renewal(new_account, new_playbook):
    new_playbook(trigger=RISK)
    near = new_account(risk=0.3, renews_on=TODAY + timedelta(days=120))
    new_account(risk=0.3, renews_on=TODAY + timedelta(days=121))
    new_account(risk=0.29, renews_on=TODAY + timedelta(days=20))
    new_account(risk=0.9, renews_on=None)
    new_account(risk=None, renews_on=TODAY)
    match(NOW, TODAY)
    assert [(each.account_id, each.why) for each in enrolments()] == [(near, "Risk 30 %, renewal in 120 days")]


def test_a_risk_threshold_without_a_window_fires_at_any_time(new_account, new_playbook):
    new_playbook(trigger={"kind": "risk_threshold", "risk": 0.5, "within_days": None})
    new_account(risk=0.6, renews_on=None)
    assert match(NOW, TODAY) == 1


@pytest.mark.parametrize(("band", "fires"), [("any", 2), ("watch", 1), ("at risk", 0)])
def test_a_renewal_window_may_ask_for_a_band(new_account, new_playbook, band, fires):
    new_playbook(trigger=RENEWAL | {"band": band})
    new_account(band="steady", renews_on=TODAY + timedelta(days=90))
    new_account(band="watch", renews_on=TODAY)
    new_account(band="watch", renews_on=TODAY + timedelta(days=91))
    new_account(band="watch", renews_on=TODAY - timedelta(days=1))
    assert match(NOW, TODAY) == fires


def test_former_customers_never_match(new_account, new_playbook, change):
    for trigger in (RISK, RENEWAL, {"kind": "band_change", "band": "watch"}):
        new_playbook(trigger=trigger)
    change(new_account(arr_minor=0, renews_on=TODAY, risk=0.9))
    assert match(NOW, TODAY) == 0


def test_a_playbook_that_is_off_enrols_nobody(new_account, new_playbook, change):
    new_playbook(is_on=False)
    change(new_account())
    assert match(NOW, TODAY) == 0


def test_an_owner_gets_the_most_arr_at_risk_first_and_the_rest_tomorrow(cast, new_account, new_playbook, change):
    new_playbook(daily_limit=2)
    small, large, risky = new_account(arr_minor=100), new_account(arr_minor=900), new_account(arr_minor=600, risk=0.9)
    theirs = new_account(arr_minor=1, owner_id=cast.colleague.id)
    for account in (small, large, risky, theirs):
        change(account)
    assert match(NOW, TODAY) == 3
    assert {each.account_id for each in enrolments()} == {large, risky, theirs}
    assert match(NOW, TODAY) == 0
    assert match(*later(1)) == 1
    assert enrolments()[-1].account_id == small


def test_the_limit_of_a_day_counts_what_came_earlier_that_day(new_account, new_playbook):
    new_playbook(trigger=RENEWAL, daily_limit=2)
    new_account(renews_on=TODAY)
    match(NOW, TODAY)
    new_account(renews_on=TODAY), new_account(renews_on=TODAY)
    assert [match(NOW, TODAY), match(NOW, TODAY)] == [1, 0]


def test_a_change_waits_a_week_for_room_and_is_then_let_go(new_account, new_playbook, change):
    new_playbook(daily_limit=1, cooldown_days=0)
    for _ in range(9):
        change(new_account())
    assert [match(*later(day)) for day in range(9)] == [1, 1, 1, 1, 1, 1, 1, 0, 0]
    assert db.session.scalar(select(func.count()).where(HealthChange.processed_at.is_(None))) == 0


def test_an_account_of_unknown_risk_ranks_at_the_mean_of_the_book(new_account, new_playbook):
    new_playbook(trigger=RENEWAL, daily_limit=2)
    first = new_account(risk=0.9, arr_minor=100, renews_on=TODAY)
    new_account(risk=0.1, arr_minor=100, renews_on=TODAY)
    unknown = new_account(risk=None, arr_minor=100, renews_on=TODAY)
    match(NOW, TODAY)
    assert [each.account_id for each in enrolments()] == [first, unknown]


def test_an_account_is_enrolled_once_while_its_enrolment_is_open(new_account, new_playbook, change):
    new_playbook(cooldown_days=0)
    account = new_account()
    change(account)
    match(NOW, TODAY)
    change(account, "watch", "at risk", changed_on=TODAY + timedelta(days=1))
    assert match(*later(1)) == 0


def test_after_an_enrolment_has_ended_the_cooldown_must_pass(new_account, new_playbook):
    new_playbook(trigger=RISK, cooldown_days=30)
    account = new_account(risk=0.5, renews_on=TODAY + timedelta(days=60))
    match(NOW, TODAY)
    summary_of(account).risk = 0.1
    match(*later(1))
    summary_of(account).risk = 0.5
    assert [match(*later(days)) for days in (2, 30, 31)] == [0, 0, 1]


def test_recovery_ends_the_enrolment_and_withdraws_open_tasks_with_the_reason(new_account, new_playbook, change):
    new_playbook()
    account = new_account()
    change(account)
    match(NOW, TODAY)
    change(account, "watch", "steady", changed_on=TODAY + timedelta(days=1))
    match(*later(1))
    (enrolment,) = enrolments()
    assert (enrolment.ended_on, enrolment.ended_why) == (TODAY + timedelta(days=1), "the account has recovered")
    assert open_tasks() == []
    gone = db.session.scalars(select(Completion)).one()
    assert (gone.result, gone.note, gone.completed_by) == ("withdrawn", "the account has recovered", None)


def test_a_risk_that_trembles_about_the_threshold_does_not_end_the_enrolment(new_account, new_playbook):
    new_playbook(trigger=RISK)
    account = new_account(risk=0.31, renews_on=TODAY + timedelta(days=60))
    match(NOW, TODAY)
    for days, risk, is_open in ((1, 0.29, True), (2, 0.25, True), (3, 0.23, False)):
        summary_of(account).risk = risk
        match(*later(days))
        assert (enrolments()[0].ended_on is None) == is_open


@pytest.mark.parametrize("trigger", [RISK, RENEWAL])
def test_a_renewed_contract_ends_the_enrolment(new_account, new_playbook, trigger):
    new_playbook(trigger=trigger)
    account = new_account(risk=0.5, renews_on=TODAY + timedelta(days=10))
    match(NOW, TODAY)
    summary_of(account).renews_on = TODAY + timedelta(days=375)
    match(*later(1))
    assert enrolments()[0].ended_why == "the contract was renewed"


def test_an_account_that_left_ends_every_enrolment_also_of_a_playbook_that_is_off(new_account, new_playbook, change):
    playbook = new_playbook()
    account = new_account()
    change(account)
    match(NOW, TODAY)
    playbook.is_on = False
    summary_of(account).arr_minor = 0
    match(*later(1))
    assert enrolments()[0].ended_why == "the account has left"
    assert open_tasks() == []


def test_two_playbooks_may_enrol_one_account(new_account, new_playbook, change):
    new_playbook(), new_playbook(trigger=RENEWAL)
    change(new_account(renews_on=TODAY))
    assert match(NOW, TODAY) == 2


def test_nobody_of_another_workspace_is_matched(cast, new_account, new_playbook):
    new_account(renews_on=TODAY)
    with tenancy.workspace(cast.elsewhere.id):
        new_playbook(trigger=RENEWAL)
        assert match(NOW, TODAY) == 0
