"""The day's list: one row an account, the most expected ARR saved first, and it says from what."""

from datetime import timedelta

import pytest

from app.playbooks.matching import match
from app.playbooks.models import Playbook
from app.playbooks.queries import day_items, known_lifts, playbooks_listed, would_match
from app.playbooks.tasks.adding import add_task
from tests.cast import NOW, TODAY

RENEWAL = {"kind": "renewal_window", "days": 90, "band": "any"}
WORKS = {"complete": [[400, 60, 100, 30], [400, 56, 100, 29]], "under_way": 0, "mean_risk": 0.3}
STEPS = [{"after_days": days, "role": "owner", "title": f"Step {days}", "advice": "Gently."} for days in (1, 0, 8)]


@pytest.fixture
def hand(cast):
    """Write a task by hand."""

    def write(account_id, owner=None, days=0, title="By hand"):
        due = TODAY + timedelta(days=days)
        words = {"title": title, "advice": "", "owner_id": (owner or cast.owner).id}
        return add_task(account_id, **words, due_on=due, by=cast.owner.id, today=TODAY, now=NOW)

    return write


def names(items):
    return [item.account_id for item in items]


def test_an_account_stands_once_with_its_first_task_and_the_count_of_others(cast, new_account, new_playbook):
    new_playbook(trigger=RENEWAL, steps=STEPS)
    account = new_account(renews_on=TODAY, risk_reason="usage halved", score=41.0)
    match(NOW, TODAY)
    (item,) = day_items(cast.owner.id, TODAY, 10)
    assert (item.account_id, item.title, item.advice, item.others) == (account, "Step 0", "Gently.", 1)
    assert (item.playbook, item.risk_reason, item.score, item.is_overdue) == ("Play 1", "usage halved", 41.0, False)


def test_what_is_due_after_next_week_waits(cast, new_account, hand):
    hand(new_account(), days=8)
    assert day_items(cast.owner.id, TODAY, 10) == []
    assert day_items(None, TODAY, 10) == []
    assert len(day_items(cast.owner.id, TODAY + timedelta(days=1), 10)) == 1


def test_the_list_is_ranked_by_risk_times_arr_while_no_lift_is_known(cast, new_account, hand):
    small, large, risky = (new_account(risk=r, arr_minor=a) for r, a in ((0.5, 100), (0.2, 1_000), (0.9, 300)))
    for account in (small, large, risky):
        hand(account)
    for owner in (cast.owner.id, None):
        items = day_items(owner, TODAY, 10)
        assert names(items) == [risky, large, small]
        assert [(item.expected_minor, item.ranked_by) for item in items] == [(270, "risk"), (200, "risk"), (50, "risk")]


def test_a_known_lift_takes_the_place_of_risk(cast, new_account, new_playbook, hand):
    proven = new_playbook(trigger=RENEWAL)
    lost_cause, persuadable = (
        new_account(risk=0.95, arr_minor=1_000),
        new_account(risk=0.1, arr_minor=10_000, renews_on=TODAY),
    )
    match(NOW, TODAY)
    hand(lost_cause)
    proven.tally, proven.holdout_share = WORKS, 0.2
    for owner in (cast.owner.id, None):
        first, second = day_items(owner, TODAY, 10)
        assert (first.account_id, first.ranked_by, first.expected_minor) == (persuadable, "lift", 1_500)
        assert (second.account_id, second.ranked_by, second.expected_minor) == (lost_cause, "risk", 950)
    assert known_lifts() == {proven.id: pytest.approx(0.15)}


def test_an_unknown_risk_is_ranked_by_an_assumed_one_and_says_so(cast, new_account, hand):
    unknown, low, high = (
        new_account(risk=risk, arr_minor=1_000, band=band)
        for risk, band in ((None, "unknown"), (0.1, "watch"), (0.3, "watch"))
    )
    for account in (unknown, low, high):
        hand(account)
    for owner in (cast.owner.id, None):
        items = day_items(owner, TODAY, 10)
        assert names(items) == [high, unknown, low]
        assert items[1].ranked_by == "unknown risk"


def test_a_person_sees_their_own_tasks_and_the_team_sees_all(cast, new_account, hand):
    mine, theirs = new_account(), new_account()
    hand(mine), hand(theirs, owner=cast.leader)
    assert names(day_items(cast.owner.id, TODAY, 10)) == [mine]
    assert names(day_items(cast.leader.id, TODAY, 10)) == [theirs]
    assert set(names(day_items(None, TODAY, 10))) == {mine, theirs}


def test_the_best_of_a_long_list_are_the_same_for_the_team_as_for_the_only_owner(cast, new_account, new_playbook, hand):
    proven = new_playbook(trigger=RENEWAL, daily_limit=200)
    for n in range(30):
        renews_on = TODAY if n % 3 == 0 else None
        account = new_account(
            risk=None if n % 5 == 4 else n / 40,
            arr_minor=100 + n * 37 % 1_000,
            band="unknown" if n % 5 == 4 else "watch",
            renews_on=renews_on,
        )
        hand(account, days=3) if n % 2 else None
    match(NOW, TODAY)
    proven.tally, proven.holdout_share = WORKS, 0.2
    for limit in (3, 10, 100):
        assert day_items(None, TODAY, limit) == day_items(cast.owner.id, TODAY, limit)


def test_the_list_of_playbooks_counts_and_tells_what_is_proven(new_account, new_playbook):
    playbook = new_playbook(trigger=RENEWAL, steps=STEPS, holdout_share=0.5, daily_limit=200)
    for _ in range(20):
        new_account(renews_on=TODAY)
    match(NOW, TODAY)
    (row,) = playbooks_listed(TODAY + timedelta(days=3))
    assert (row.treated, row.held_out, row.running, row.open_tasks, row.overdue) == (10, 10, 20, 30, 10)
    assert row.sentence == "the contract renews within 90 days"
    assert row.proof.state == "waiting"
    assert isinstance(row.playbook, Playbook)
    assert playbook.id == row.playbook.id


def test_who_would_match_leaves_out_who_is_enrolled(new_account, new_playbook):
    playbook = new_playbook(trigger=RENEWAL, daily_limit=1)
    new_account(renews_on=TODAY, arr_minor=5_000), new_account(renews_on=TODAY, arr_minor=3_000)
    match(NOW, TODAY)
    everybody, rest = would_match(RENEWAL, TODAY), would_match(RENEWAL, TODAY, playbook)
    assert (everybody.accounts, everybody.arr_minor) == (2, 8_000)
    assert (rest.accounts, rest.arr_minor) == (1, 3_000)
    ((row, why),) = rest.rows
    assert (row.arr_minor, why) == (3_000, "The contract renews in 0 days; health is watch")
