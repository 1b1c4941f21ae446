"""What became of an enrolled account, and what is counted."""

from datetime import timedelta

from sqlalchemy import select

from app.accounts.models import Movement
from app.extensions import db
from app.playbooks.measuring import measure
from app.playbooks.models import Enrolment, Outcome, Task
from tests.cast import NOW, TODAY


def enrol(playbook, account_id, arm="treated", days_ago=90, **columns):
    row = Enrolment(
        playbook_id=playbook.id, account_id=account_id, arm=arm, why="", stratum="s", arr_minor=500, **columns
    )
    row.enrolled_on = TODAY - timedelta(days=days_ago)
    db.session.add(row)
    db.session.flush()
    return row


def move(account_id, days_ago, closing):
    moved_on = TODAY - timedelta(days=days_ago)
    db.session.add(
        Movement(account_id=account_id, moved_on=moved_on, kind="x", opening_minor=500, closing_minor=closing)
    )
    db.session.flush()


def outcomes():
    return {row.enrolment_id: (row.churned, row.arr_after_minor) for row in db.session.scalars(select(Outcome))}


def test_an_outcome_is_measured_when_the_window_closes_and_once(new_account, new_playbook):
    playbook = new_playbook(outcome_days=90)
    closed, still_open = (enrol(playbook, new_account(), days_ago=days) for days in (90, 89))
    assert [measure(TODAY, NOW), measure(TODAY, NOW)] == [1, 0]
    assert outcomes() == {closed.id: (False, 500)}
    db.session.refresh(closed), db.session.refresh(still_open)
    assert (closed.ended_why, still_open.ended_on) == ("its window closed", None)


def test_what_counts_is_the_arr_on_the_day_the_window_closed(new_account, new_playbook):
    playbook = new_playbook(outcome_days=90)
    left, came_back, left_later, grew = (enrol(playbook, new_account(), days_ago=100) for _ in range(4))
    move(left.account_id, 50, 0)
    move(came_back.account_id, 50, 0), move(came_back.account_id, 40, 300)
    move(left_later.account_id, 9, 0)
    move(grew.account_id, 10, 800)
    measure(TODAY, NOW)
    assert outcomes() == {
        left.id: (True, 0), came_back.id: (False, 300), left_later.id: (False, 500), grew.id: (False, 800),
    }  # fmt: skip


def test_an_enrolment_that_ended_early_is_measured_all_the_same(new_account, new_playbook):
    """Intention to treat: who recovered, or whose tasks were withdrawn, still counts in the arm drawn."""
    gone = enrol(new_playbook(), new_account(), ended_on=TODAY - timedelta(days=60), ended_why="the account has left")
    move(gone.account_id, 60, 0)
    measure(TODAY, NOW)
    db.session.refresh(gone)
    assert outcomes() == {gone.id: (True, 0)}
    assert gone.ended_why == "the account has left"


def test_tasks_still_open_when_the_window_closes_are_withdrawn(new_account, new_playbook):
    row = enrol(new_playbook(), new_account())
    task = Task(account_id=row.account_id, enrolment_id=row.id, title="Call", due_on=TODAY)
    db.session.add(task)
    measure(TODAY, NOW)
    db.session.refresh(task)
    assert not task.is_open


def test_the_tally_counts_closed_months_as_batches_and_open_ones_apart(new_account, new_playbook):
    playbook = new_playbook(holdout_share=0.5)
    for days, arm, left in (
        (200, "treated", False),
        (201, "held out", True),
        (91, "treated", True),
        (20, "treated", False),
    ):
        row = enrol(playbook, new_account(), arm, days, risk=0.4)
        if left:
            move(row.account_id, days - 5, 0)
    measure(TODAY, NOW)
    assert playbook.tally == {
        "complete": [[1, 0, 1, 1], [1, 1, 0, 0]], "partial": [], "under_way": 1, "mean_risk": 0.4, "counted_on": "2026-11-20",
    }  # fmt: skip


def test_a_month_with_a_window_still_open_is_no_batch_yet(new_account, new_playbook):
    playbook = new_playbook()
    enrol(playbook, new_account(), days_ago=90), enrol(playbook, new_account(), days_ago=84)
    measure(TODAY, NOW)
    assert (playbook.tally["complete"], playbook.tally["partial"]) == ([], [[1, 0, 0, 0]])


def test_an_account_counts_once_and_earlier_revisions_do_not(new_account, new_playbook):
    playbook, account = new_playbook(), new_account()
    enrol(playbook, account, days_ago=300, ended_on=TODAY - timedelta(days=250), ended_why="x")
    enrol(playbook, account, days_ago=100)
    measure(TODAY, NOW)
    assert playbook.tally["complete"] == [[1, 0, 0, 0]]
    playbook.revision = 2
    measure(TODAY, NOW)
    assert playbook.tally["complete"] == []
