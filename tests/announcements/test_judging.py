"""When a delivery is tried again, when it is enough, and when its subscriber is left in peace."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.announcements.delivery.judging import (
    JITTER,
    RESTS,
    TRIED_AFTER,
    Outcome,
    is_hopeless,
    judge,
)

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
BROKEN, SILENT, TAKEN = Outcome(False, 5, 500), Outcome(False, 5, error="no answer"), Outcome(True, 5, 204)


def judged(outcome, attempts=1, first=NOW, failures=1, now=NOW, delivery_id=1):
    return judge(outcome, delivery_id, attempts, first, failures, now)


def asked(status, retry_after):
    return judged(Outcome(False, 5, status, retry_after=retry_after))


def test_what_is_taken_is_delivered():
    assert judged(TAKEN).state == "delivered"
    assert judged(TAKEN).rest_until is None


def test_tries_lie_at_the_published_times_within_a_tenth_of_the_wait():
    hours = [0, 5 / 3600, 5 / 60, 0.5, 2, 5, 10, 14, 20, 24]
    assert [after.total_seconds() / 3600 for after in TRIED_AFTER] == hours
    for attempts in range(1, len(TRIED_AFTER)):
        verdict = judged(BROKEN, attempts)
        wait = TRIED_AFTER[attempts] - TRIED_AFTER[attempts - 1]
        assert verdict.state == "waiting"
        assert abs(verdict.next_attempt_at - NOW - TRIED_AFTER[attempts]) <= wait * JITTER


def test_the_last_try_ends_it():
    assert judged(BROKEN, len(TRIED_AFTER)).state == "failed"


@given(st.integers(1, 9), st.integers(1, 10**9), st.integers(0, 60 * 60 * 48))
def test_no_try_lies_in_the_past_and_none_much_after_a_day(attempts, delivery_id, late):
    now = NOW + timedelta(seconds=late)
    at = judged(BROKEN, attempts, now=now, delivery_id=delivery_id).next_attempt_at
    assert now <= at <= max(now, NOW + timedelta(hours=24.5))


def test_deliveries_that_failed_together_are_not_tried_together_again():
    times = {judged(BROKEN, 4, delivery_id=n).next_attempt_at for n in range(50)}
    assert len(times) == 50
    assert max(times) - min(times) > timedelta(minutes=9)


# --- being asked to wait ---


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("said", ["3600", " 3600 ", "Fri, 20 Nov 2026 10:30:00 GMT"])
def test_a_busy_subscriber_is_left_in_peace_for_as_long_as_it_asks(status, said):
    verdict = asked(status, said)
    assert (verdict.state, verdict.next_attempt_at) == ("waiting", NOW + timedelta(hours=1))
    assert verdict.rest_until == NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    "said", ["", "soon", "-5", "Fri, 20 Nov 2026 08:00:00 GMT", "1.5", "Fri, 99 Nov 2026 08:00:00 GMT"]
)
def test_what_asks_for_nothing_sensible_is_tried_as_usual(said):
    assert asked(503, said).next_attempt_at <= NOW + timedelta(seconds=6)


@pytest.mark.parametrize("said", ["999999999999999999999999", "Fri, 20 Nov 2037 10:30:00 GMT"])
def test_nobody_may_ask_for_more_than_a_day(said):
    assert asked(429, said).next_attempt_at == NOW + timedelta(days=1)


def test_only_429_and_503_ask_to_wait():
    assert asked(500, "3600").next_attempt_at <= NOW + timedelta(seconds=6)
    assert asked(500, "3600").rest_until is None


def test_a_short_wait_does_not_bring_a_later_try_forward():
    assert judged(Outcome(False, 5, 503, retry_after="1"), 4).next_attempt_at > NOW + timedelta(hours=1)


# --- silence, and the end ---


def test_one_that_does_not_answer_is_left_in_peace_for_longer_and_longer():
    rests = [judged(SILENT, failures=failures).rest_until - NOW for failures in (1, 2, 3, 4, 5, 99)]
    assert rests == [*RESTS, RESTS[-1], RESTS[-1]]


def test_an_answer_however_wrong_lets_the_next_message_have_its_try():
    assert judged(BROKEN, failures=50).rest_until is None


def test_what_can_never_arrive_is_not_tried_again():
    assert judged(Outcome(False, 5, error="no mail server", is_final=True)).state == "failed"
    assert judged(Outcome(False, 5, 410)).state == "failed"


def test_410_switches_off_at_once():
    assert "410 Gone" in is_hopeless(Outcome(False, 5, 410), 1, NOW, NOW)


@pytest.mark.parametrize(
    ("failures", "days", "is_off"), [(10, 3, True), (400, 3, True), (9, 30, False), (400, 2.9, False), (1, 0, False)]
)
def test_three_days_without_success_in_ten_tries_or_more_switch_off(failures, days, is_off):
    why = is_hopeless(BROKEN, failures, NOW, NOW + timedelta(days=days))
    assert (why is not None) == is_off
    assert why is None or f"for 3 days, in {failures} tries" in why
