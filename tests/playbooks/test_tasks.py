"""Tasks are planned on working days, completed with an outcome, put off and added by hand."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import select

from app.core.problems import NotFoundError
from app.extensions import db
from app.identity.refusals import Refusal
from app.playbooks import queries
from app.playbooks.ending import end
from app.playbooks.matching import match
from app.playbooks.models import Completion, Enrolment, Snooze, Task
from app.playbooks.tasks.adding import add_task
from app.playbooks.tasks.completing import complete, reopen
from app.playbooks.tasks.planning import working_day
from app.playbooks.tasks.snoozing import snooze, wake
from tests.cast import NOW, TODAY

days = some.dates(date(2020, 1, 1), date(2040, 1, 1))


@given(days, some.integers(0, 250))
def test_a_task_is_never_due_on_a_weekend_and_counts_working_days_only(start, after):
    due = working_day(start, after)
    first = working_day(start, 0)
    assert due.weekday() < 5
    assert sum((first + timedelta(days=n)).weekday() < 5 for n in range((due - first).days)) == after


@pytest.mark.parametrize(
    ("start", "after", "due"),
    [
        ("2026-11-20", 0, "2026-11-20"),
        ("2026-11-20", 1, "2026-11-23"),
        ("2026-11-21", 0, "2026-11-23"),
        ("2026-11-22", 5, "2026-11-30"),
    ],
)
def test_from_a_friday_and_from_a_weekend(start, after, due):
    assert working_day(date.fromisoformat(start), after) == date.fromisoformat(due)


@pytest.fixture
def task(new_account, new_playbook, change):
    new_playbook()
    change(new_account())
    match(NOW, TODAY)
    return db.session.scalars(select(Task)).one()


def completion_of(task):
    return db.session.scalars(select(Completion).where(Completion.task_id == task.id)).one_or_none()


def test_a_task_is_completed_with_an_outcome(cast, task):
    complete(task.id, "helped", "They had lost their admin.", cast.owner.id, NOW)
    done = completion_of(task)
    assert (done.result, done.note, done.completed_by) == ("helped", "They had lost their admin.", cast.owner.id)
    db.session.refresh(task)
    assert not task.is_open


def test_of_two_completions_the_first_stands(cast, task):
    complete(task.id, "helped", "", cast.owner.id, NOW)
    complete(task.id, "no effect", "", cast.colleague.id, NOW)
    assert completion_of(task).result == "helped"


def test_a_completion_can_be_taken_back(cast, task):
    complete(task.id, "helped", "", cast.owner.id, NOW)
    reopen(task.id)
    db.session.refresh(task)
    assert (completion_of(task), task.is_open) == (None, True)
    complete(task.id, "not needed", "", cast.owner.id, NOW)
    assert completion_of(task).result == "not needed"


def test_a_withdrawn_task_stays_withdrawn(cast, task):
    end([task.enrolment_id], "recovered", TODAY, NOW)
    reopen(task.id)
    complete(task.id, "helped", "", cast.owner.id, NOW)
    db.session.refresh(task)
    assert (completion_of(task).result, task.is_open) == ("withdrawn", False)


def test_a_result_of_ones_own_making_is_refused(cast, task):
    for result in ("", "withdrawn", "great"):
        with pytest.raises(Refusal):
            complete(task.id, result, "", cast.owner.id, NOW)


def test_a_task_of_another_workspace_does_not_exist(cast, task):
    from app.core import tenancy

    with tenancy.workspace(cast.elsewhere.id), pytest.raises(NotFoundError):
        complete(task.id, "helped", "", cast.outsider.id, NOW)


def test_an_account_put_off_is_off_that_persons_day_only_until_the_date(cast, task):
    snooze(task.account_id, cast.owner.id, TODAY + timedelta(days=7), TODAY, NOW)
    assert queries.day_items(cast.owner.id, TODAY, 10) == []
    assert len(queries.day_items(None, TODAY, 10, viewer_id=cast.leader.id)) == 1
    assert len(queries.day_items(cast.owner.id, TODAY + timedelta(days=7), 10)) == 1


def test_putting_off_again_moves_the_date_and_waking_ends_it(cast, task):
    for later in (3, 9):
        snooze(task.account_id, cast.owner.id, TODAY + timedelta(days=later), TODAY, NOW)
    assert db.session.scalars(select(Snooze.until)).all() == [TODAY + timedelta(days=9)]
    wake(task.account_id, cast.owner.id)
    assert len(queries.day_items(cast.owner.id, TODAY, 10)) == 1


def test_one_cannot_put_off_into_the_past(cast, task):
    with pytest.raises(Refusal):
        snooze(task.account_id, cast.owner.id, TODAY, TODAY, NOW)


def test_a_task_by_hand_belongs_to_somebody_of_the_workspace(cast, new_account):
    account = new_account()
    written = {"advice": " ", "due_on": TODAY, "by": cast.owner.id, "today": TODAY, "now": NOW}
    task = add_task(account, title=" Send the report ", owner_id=cast.colleague.id, **written)
    assert (task.title, task.advice, task.enrolment_id) == ("Send the report", "", None)
    for title, owner_id in (("  ", cast.owner.id), ("Call", cast.outsider.id)):
        with pytest.raises(Refusal):
            add_task(account, title=title, owner_id=owner_id, **written)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"title": "t" * 201}, "up to 200 letters; this has 201"),
        ({"advice": "a" * 20_001}, "up to 20,000 letters"),
        ({"due_on": TODAY - timedelta(days=1)}, "from 20 Nov 2026 to 19 Nov 2031"),
        ({"due_on": date(2099, 1, 1)}, "from 20 Nov 2026 to 19 Nov 2031"),
        ({"due_on": TODAY - timedelta(days=366), "by": None}, "from 20 Nov 2025"),
    ],
)
def test_a_task_of_absurd_length_or_day_is_refused_at_its_field(cast, new_account, wrong, why):
    told = {"title": "Call", "advice": "", "due_on": TODAY, "by": cast.owner.id, "today": TODAY, "now": NOW}
    with pytest.raises(Refusal) as refused:
        add_task(new_account(), owner_id=cast.owner.id, **told | wrong)
    assert why in refused.value.detail
    assert refused.value.errors[0]["pointer"] == next(iter(wrong))


def test_a_machine_may_bring_a_task_that_is_overdue_already(cast, new_account):
    due = TODAY - timedelta(days=365)
    words = {"title": "Call", "advice": "", "owner_id": cast.owner.id}
    assert add_task(new_account(), **words, due_on=due, by=None, today=TODAY, now=NOW).due_on == due


def test_a_note_on_a_task_may_have_2000_letters(cast, task):
    with pytest.raises(Refusal):
        complete(task.id, "helped", "n" * 2_001, cast.owner.id, NOW)
    assert complete(task.id, "helped", "n" * 2_000, cast.owner.id, NOW).is_open is False


def test_tasks_of_an_account_show_what_is_open_first_and_what_came_of_the_rest(cast, task):
    later = add_task(
        task.account_id,
        title="Later",
        advice="",
        owner_id=cast.owner.id,
        due_on=TODAY + timedelta(days=9),
        by=cast.owner.id,
        today=TODAY,
        now=NOW,
    )
    done = add_task(
        task.account_id,
        title="Done",
        advice="",
        owner_id=cast.owner.id,
        due_on=TODAY,
        by=cast.owner.id,
        today=TODAY,
        now=NOW,
    )
    complete(done.id, "helped", "Good call", cast.owner.id, NOW)
    rows = queries.tasks_of(task.account_id, TODAY + timedelta(days=1))
    assert [(row.id, row.is_open, row.is_overdue, row.result, row.completed_by) for row in rows] == [
        (task.id, True, True, None, None),
        (later.id, True, False, None, None),
        (done.id, False, False, "helped", "Olivia Owens"),
    ]
    assert rows[0].playbook == "Play 1"


def test_enrolments_of_an_account_show_arm_and_tasks(task):
    (row,) = queries.enrolments_of(task.account_id)
    assert (row.playbook, row.arm, row.tasks, row.done, row.ended_on) == ("Play 1", "treated", 1, 0, None)
    assert row.closes_on == TODAY + timedelta(days=90)
    assert db.session.scalars(select(Enrolment)).one().id == row.id
