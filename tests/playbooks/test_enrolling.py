"""The arm of an account is drawn, kept and recorded; the held-out get no tasks."""

from collections import Counter
from datetime import timedelta

from sqlalchemy import select, update

from app.extensions import db
from app.playbooks.matching import match
from app.playbooks.models import Enrolment, Task
from tests.cast import NOW, TODAY

RENEWAL = {"kind": "renewal_window", "days": 90, "band": "any"}


def later(days):
    return NOW + timedelta(days=days), TODAY + timedelta(days=days)


def enrolments():
    return db.session.scalars(select(Enrolment).order_by(Enrolment.id)).all()


def a_book(new_account, size):
    soon = TODAY + timedelta(days=30)
    for n in range(size):
        new_account(renews_on=soon, risk=n / size, arr_minor=1_000 * (1 + n * 7 % size))


def end_all():
    db.session.execute(update(Enrolment).values(ended_on=TODAY))
    db.session.execute(update(Task).values(is_open=False))


def test_the_held_out_have_no_tasks_and_the_treated_have_all_steps(new_account, new_playbook):
    step = {"after_days": 0, "role": "owner", "title": "Call", "advice": ""}
    new_playbook(trigger=RENEWAL, holdout_share=0.5, daily_limit=200, steps=[step, step | {"title": "Write"}])
    a_book(new_account, 40)
    match(NOW, TODAY)
    arms = {each.id: each.arm for each in enrolments()}
    tasks = Counter(db.session.scalars(select(Task.enrolment_id)))
    assert {tasks[each] for each, arm in arms.items() if arm == "held out"} == {0}
    assert {tasks[each] for each, arm in arms.items() if arm == "treated"} == {2}


def test_the_share_holds_in_every_stratum_also_when_accounts_come_day_by_day(new_account, new_playbook):
    new_playbook(trigger=RENEWAL, holdout_share=0.5, daily_limit=10)
    a_book(new_account, 90)
    assert sum(match(*later(day)) for day in range(9)) == 90
    strata = Counter((each.stratum, each.arm) for each in enrolments())
    assert len({stratum for stratum, _ in strata}) >= 8
    for stratum, _ in strata:
        assert abs(strata[stratum, "treated"] - strata[stratum, "held out"]) <= 5, stratum


def test_an_account_keeps_its_arm_and_stratum_when_it_comes_again(new_account, new_playbook):
    new_playbook(trigger=RENEWAL, holdout_share=0.5, daily_limit=200, cooldown_days=0)
    a_book(new_account, 20)
    match(NOW, TODAY)
    first = {each.account_id: (each.arm, each.stratum) for each in enrolments()}
    end_all()
    assert match(*later(1)) == 20
    again = {each.account_id: (each.arm, each.stratum) for each in enrolments() if each.ended_on is None}
    assert again == first


def test_a_new_revision_draws_anew(new_account, new_playbook):
    playbook = new_playbook(trigger=RENEWAL, holdout_share=0.5, daily_limit=200, cooldown_days=0)
    a_book(new_account, 60)
    match(NOW, TODAY)
    first = {each.account_id: each.arm for each in enrolments()}
    end_all()
    playbook.revision = 2
    match(*later(1))
    again = {each.account_id: each.arm for each in enrolments() if each.revision == 2}
    assert set(again) == set(first)
    assert again != first


def test_the_role_says_whose_task_it_is_and_what_nobody_owns_falls_to_a_leader(cast, new_account, new_playbook):
    step = {"after_days": 0, "role": "owner", "title": "Call", "advice": ""}
    new_playbook(trigger=RENEWAL, steps=[step, step | {"role": "leader", "title": "Write"}])
    owned, orphan = new_account(renews_on=TODAY), new_account(renews_on=TODAY, owner_id=None)
    match(NOW, TODAY)
    tasks = {(each.account_id, each.step): each.owner_id for each in db.session.scalars(select(Task))}
    assert tasks == {
        (owned, 0): cast.owner.id,
        (owned, 1): cast.leader.id,
        (orphan, 0): cast.leader.id,
        (orphan, 1): cast.leader.id,
    }


def test_no_task_is_due_after_the_renewal_it_leads_to(cast, new_account, new_playbook):
    steps = [{"after_days": days, "role": "owner", "title": f"After {days}", "advice": ""} for days in (0, 1, 40)]
    new_playbook(trigger=RENEWAL, steps=steps)
    renews_on = TODAY + timedelta(days=10)
    new_account(renews_on=renews_on)
    match(NOW, TODAY)
    due = {each.step: each.due_on for each in db.session.scalars(select(Task))}
    assert due[0] < due[1] < due[2] == renews_on
