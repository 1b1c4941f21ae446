"""What happened is announced, each occasion once, and says what an outsider to the book needs to know."""

import json
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import func, select

from app.accounts.models import Account, AccountSummary
from app.announcements.announcing import KEEP_FOR, announce, forget_old
from app.announcements.channels.webhook import LONGEST_BODY
from app.announcements.events import headline
from app.announcements.models import Announcement, CalendarEntry, Delivery
from app.core import tenancy
from app.extensions import db
from app.identity.models import Workspace
from tests.announcements.conftest import BASE_URL, Happen
from tests.cast import NOW, TODAY

DAY = timedelta(days=1)
NIGHT = datetime(2026, 11, 20, 3, tzinfo=UTC)


def types(found):
    return [each.type for each in found]


def lines(found):
    return [headline(each.type, each.data) for each in found]


# --- a band ---


def test_a_change_of_band_is_announced_with_old_new_and_why(new_account, happen, tell, cast):
    account = new_account()
    happen.change(account, from_score=78.0, to_score=61.0, from_risk=0.1, to_risk=0.2)
    (found,) = tell()
    assert (found.type, found.account_id, found.owner_id) == ("score.band_changed", account, cast.owner.id)
    assert found.data == {
        "account": {
            "id": account, "external_id": "slate", "name": "Slate & Sons", "url": f"{BASE_URL}/accounts/{account}",
            "arr_minor": 24_000_00, "currency": "USD",
        },
        "old": {"band": "steady", "score": 78.0, "risk": 0.1},
        "new": {"band": "watch", "score": 61.0, "risk": 0.2},
        "changed_on": "2026-11-20",
        "why": "active users fell from 42 to 18",
    }  # fmt: skip
    assert lines([found]) == ["Slate & Sons: health fell to watch, it was steady"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("watch", "thriving", "health rose to thriving, it was watch"),
        ("steady", "at risk", "health fell to at risk, it was steady"),
        ("unknown", "watch", "health is watch, it was unknown"),
        ("watch", "unknown", "health is unknown now, it was watch"),
    ],
)
def test_the_line_says_which_way_it_went(new_account, happen, tell, old, new, said):
    happen.change(new_account(), old, new)
    assert lines(tell()) == [f"Slate & Sons: {said}"]


def test_a_change_is_announced_once_however_often_is_looked(new_account, happen, tell):
    happen.change(new_account())
    assert [len(tell(NOW + timedelta(minutes=5 * n))) for n in range(4)] == [1, 0, 0, 0]


def test_a_second_change_on_the_same_day_is_another_occasion(new_account, happen, tell):
    row = happen.change(new_account())
    tell()
    row.to_band = "at risk"
    db.session.flush()
    assert lines(tell()) == ["Slate & Sons: health fell to at risk, it was steady"]
    row.to_band = "watch"
    db.session.flush()
    assert tell() == []


def test_a_risk_that_moved_within_its_band_is_no_change_of_band(new_account, happen, tell):
    happen.change(new_account(), "watch", "watch", from_risk=0.1, to_risk=0.2)
    assert tell() == []


def test_what_playbooks_claim_or_not_makes_no_difference(new_account, happen, tell):
    happen.change(new_account(), processed_at=NOW)
    happen.change(new_account("Silva Imports"))
    assert len(tell()) == 2


def test_what_happened_while_nothing_ran_is_caught_up_for_three_days(new_account, happen, tell):
    happen.change(new_account(), changed_on=TODAY - 3 * DAY)
    happen.change(new_account("Silva Imports"), changed_on=TODAY - 4 * DAY)
    assert lines(tell()) == ["Slate & Sons: health fell to watch, it was steady"]


# --- a risk ---


def test_a_risk_that_rises_over_a_half_is_announced(new_account, happen, tell):
    happen.risks(new_account(), 0.4, 0.56)
    (found,) = tell()
    assert found.type == "risk.threshold_crossed"
    assert found.data["threshold"] == 0.5
    assert found.data["old"] == {"risk": 0.4, "scored_on": "2026-11-19"}
    assert found.data["new"] == {"risk": 0.56, "scored_on": "2026-11-20"}
    assert found.data["why"] == "seat use is 31 %"
    assert lines([found]) == ["Slate & Sons: risk of leaving within 90 days rose to 56 %, over 50 %"]


@pytest.mark.parametrize("risks", [(0.6, 0.4), (0.3, 0.49), (0.6, 0.7), (0.55,), (0.51, 0.5, 0.55, 0.6)])
def test_a_risk_that_does_not_rise_over_it_is_not(new_account, happen, tell, risks):
    happen.risks(new_account(), *risks)
    assert tell() == []


def test_a_slow_creep_counts_like_a_jump(new_account, happen, tell):
    happen.risks(new_account(), 0.47, 0.48, 0.49, 0.505)
    assert types(tell()) == ["risk.threshold_crossed"]


def test_a_crossing_that_nobody_looked_at_for_two_days_is_still_found(new_account, happen, tell):
    happen.risks(new_account(), 0.4, 0.6, 0.61)
    assert types(tell()) == ["risk.threshold_crossed"]


def test_a_risk_that_trembles_about_the_threshold_tells_once_a_week(new_account, happen, tell):
    account = new_account()
    told = []
    trembling = [0.48, *(0.52 if n % 2 else 0.49 for n in range(1, 12))]
    for n, (before, risk) in enumerate(pairwise(trembling)):
        day = TODAY + n * DAY
        if n == 0:
            happen.risks(account, before, risk, last=day)
        else:
            happen.risks(account, risk, last=day)
        told.append(len(tell(NOW + n * DAY)))
    assert [n for n, count in enumerate(told) if count] == [0, 8]


def test_every_threshold_that_somebody_asked_for_is_watched(new_account, happen, tell, new_subscriber):
    low, high = new_subscriber(risk_threshold=0.3), new_subscriber(risk_threshold=0.7)
    happen.risks(new_account(), 0.2, 0.75)
    assert [each.data["threshold"] for each in tell()] == [0.3, 0.5, 0.7]
    got = {subscriber.id: [row.announcement_id for row in _to(subscriber)] for subscriber in (low, high)}
    assert [len(each) for each in got.values()] == [1, 1]
    assert got[low.id] != got[high.id]


def _to(subscriber):
    return list(db.session.scalars(select(Delivery).where(Delivery.subscriber_id == subscriber.id)))


# --- a renewal ---


@pytest.mark.parametrize(
    ("days", "notices"),
    [(91, []), (90, [90]), (84, [90]), (83, []), (61, []), (60, [60]), (30, [30]), (24, [30]), (23, []), (1, [])],
)
def test_a_renewal_is_announced_90_60_and_30_days_before(new_account, happen, tell, days, notices):
    happen.renewal(new_account(), TODAY + days * DAY)
    assert [each.data["notice_days"] for each in tell()] == notices


def test_a_renewal_is_announced_three_times_in_all(new_account, happen, tell):
    happen.renewal(new_account(), TODAY + 92 * DAY)
    told = [n for n in range(93) if tell(NOW + n * DAY)]
    assert told == [2, 32, 62]


def test_a_renewal_says_what_is_at_stake(new_account, happen, tell):
    happen.renewal(new_account(), TODAY + 60 * DAY)
    (found,) = tell()
    assert found.data["why"] == "$24.0k a year renews in 60 days; health is watch, the chance to renew 80 %."
    assert (found.data["renews_on"], found.data["probability"]) == ("2027-01-19", 0.8)
    assert lines([found]) == ["Slate & Sons: renews in 60 days, on 19 January 2027"]


def test_the_forecast_is_made_anew_every_night_and_tells_nothing_twice(new_account, happen, tell):
    account = new_account()
    row = happen.renewal(account, TODAY + 90 * DAY)
    assert len(tell()) == 1
    db.session.delete(row)
    db.session.flush()
    happen.renewal(account, TODAY + 90 * DAY, probability=0.5)
    assert tell(NOW + DAY) == []


# --- a task ---


def test_a_task_is_announced_on_its_day_to_its_owner(new_account, happen, tell, cast):
    task = happen.task(new_account(), owner_id=cast.colleague.id, advice="Ask about seats.")
    (found,) = tell()
    assert (found.type, found.owner_id) == ("task.due", cast.colleague.id)
    assert found.data["task"] == {
        "id": task.id, "title": "Call them", "due_on": "2026-11-20", "owner": "Connor Cole", "playbook": None,
    }  # fmt: skip
    assert found.data["why"] == "Ask about seats."
    assert lines([found]) == ["Slate & Sons: “Call them” is due on 20 November"]


def test_a_task_without_an_owner_is_the_account_owners(new_account, happen, tell, cast):
    happen.task(new_account())
    assert [each.owner_id for each in tell()] == [cast.owner.id]


def test_tasks_ahead_done_or_long_overdue_are_not_announced(new_account, happen, tell):
    account = new_account()
    happen.task(account, TODAY + DAY)
    happen.task(account, TODAY - 7 * DAY)
    happen.task(account, is_open=False)
    assert tell() == []


def test_a_task_put_off_is_due_again_on_its_new_day(new_account, happen, tell):
    task = happen.task(new_account())
    assert len(tell()) == 1
    task.due_on = TODAY + DAY
    db.session.flush()
    assert tell() == []
    assert len(tell(NOW + DAY)) == 1


# --- a forecast ---


def test_a_forecast_that_moved_is_announced_with_what_moved_it(happen, tell, cast):
    happen.snapshot(TODAY - DAY, 100_000_00)
    happen.snapshot(TODAY, 92_000_00, lost=8_000_00)
    (found,) = tell()
    assert (found.type, found.account_id, found.owner_id) == ("forecast.changed", None, None)
    assert found.data["quarter"] == {
        "name": "Q4 2026", "starts_on": "2026-10-01", "url": f"{BASE_URL}/renewals",
    }  # fmt: skip
    assert found.data["change_share"] == -0.08
    assert (found.data["old"]["p50_minor"], found.data["new"]["p50_minor"]) == (100_000_00, 92_000_00)
    assert found.data["why"].startswith("Since 19 November: renewed $0, lost +$8.00k, due in all $0;")
    assert lines([found]) == ["Q4 2026: the forecast (P50) fell by 8.0 %"]


def test_a_forecast_that_hardly_moved_or_was_nothing_is_not(happen, tell):
    happen.snapshot(TODAY - DAY, 100_000_00)
    happen.snapshot(TODAY, 101_000_00)
    happen.snapshot(TODAY - DAY, 0, date(2027, 1, 1))
    happen.snapshot(TODAY, 50_000_00, date(2027, 1, 1))
    assert tell() == []


def test_a_forecast_is_held_against_the_snapshot_before_it_and_told_to_those_who_asked_for_so_much(
    happen, tell, new_subscriber
):
    careful, calm = new_subscriber(forecast_share=0.02), new_subscriber(forecast_share=0.10)
    happen.snapshot(TODAY - 5 * DAY, 50_000_00)
    happen.snapshot(TODAY - 2 * DAY, 100_000_00)
    happen.snapshot(TODAY, 104_000_00)
    assert [each.data["change_share"] for each in tell()] == [1.0, 0.04]
    assert [len(_to(careful)), len(_to(calm))] == [2, 1]


# --- when ---


def test_what_belongs_to_a_day_waits_for_the_morning_of_the_workspace(new_account, happen, tell, cast):
    account = new_account()
    happen.task(account)
    happen.renewal(account, TODAY + 90 * DAY)
    happen.change(account)
    assert types(tell(NIGHT)) == ["score.band_changed"]
    cast.workspace.time_zone = "Asia/Tokyo"  # noon there
    assert types(tell(NIGHT)) == ["renewal.due", "task.due"]


def test_an_old_book_is_silent(new_account, happen, tell, cast):
    happen.change(new_account())
    cast.workspace.book_day = TODAY
    assert tell() == []


def test_announcements_are_of_their_workspace_alone(new_account, happen, tell, cast):
    happen.change(new_account())
    assert len(tell()) == 1
    with tenancy.workspace(cast.elsewhere.id):
        assert announce(cast.elsewhere, NOW, BASE_URL) == 0
        assert db.session.scalar(select(func.count()).select_from(Announcement)) == 0


def test_two_workers_at_once_announce_a_change_once(committed, at_once):
    happen, workspace_id = Happen(), committed.id
    for n in range(20):
        account = Account(external_id=f"a{n}", name=f"A {n}", stage="established")
        db.session.add(account)
        db.session.flush()
        db.session.add(AccountSummary(account_id=account.id, name=account.name, stage="established"))
        happen.change(account.id)
    db.session.commit()

    def look():
        found = announce(db.session.get_one(Workspace, workspace_id), NOW, BASE_URL)
        db.session.commit()
        return found

    assert sum(at_once(look, look, look)) == 20
    assert db.session.scalar(select(func.count()).select_from(Announcement)) == 20


# --- size and age ---


def test_no_message_is_over_20_kb_whatever_people_wrote(new_account, happen, tell, cast):
    account = new_account("é" * 9000)
    happen.change(account, why="ß" * 9000)
    happen.task(account, title="ø" * 9000, advice="å" * 9000)
    happen.renewal(account, TODAY + 30 * DAY)
    found = tell()
    assert len(found) == 3
    assert max(len(json.dumps(each.data, ensure_ascii=False).encode()) for each in found) < LONGEST_BODY / 2


def test_what_is_a_month_old_is_forgotten_and_not_announced_anew(new_account, happen, tell, new_subscriber):
    subscriber = new_subscriber()
    happen.change(new_account())
    tell()
    db.session.add(CalendarEntry(uid="gone", fingerprint="", sequence=1, changed_at=NOW - 900 * DAY))
    db.session.flush()
    assert forget_old(NOW + KEEP_FOR) == 0
    assert forget_old(NOW + KEEP_FOR + DAY) == 1
    assert (_to(subscriber), db.session.scalar(select(func.count()).select_from(CalendarEntry))) == ([], 0)
    assert tell(NOW + KEEP_FOR + DAY) == []
