"""What failed is tried again at the published times; who is down holds up nobody, and a lost worker loses nothing."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from app.announcements.addressing import due_subscribers
from app.announcements.delivery.claiming import LEASE, claim
from app.announcements.delivery.recording import record
from app.announcements.delivery.sending import send
from app.announcements.models import DeliveryAttempt, Subscriber
from app.announcements.trying_out import try_out
from app.core.queue import Job
from app.extensions import db
from tests.announcements.conftest import SECRET, attempts, dead_address, deliveries, states
from tests.cast import NOW
from tests.receivers import receiving

HOUR = timedelta(hours=1)


def test_what_failed_is_tried_at_the_published_times_with_the_same_id_and_body(one, receiver, carry):
    receiver.always = (500, {}, "broken")
    now, tried = NOW, []
    while states(one) == ["waiting"]:
        now = max(now, deliveries(one)[0].next_attempt_at)
        assert carry(one, now) == 1
        tried.append((now - NOW).total_seconds() / 3600)
    assert states(one) == ["failed"]
    assert len(tried) == 10
    published = [0, 0, 0.1, 0.5, 2, 5, 10, 14, 20, 24]
    assert [hours for hours, at in zip(tried, published, strict=True) if abs(hours - at) > 0.61] == []
    assert len({(heard.headers["webhook-id"], heard.body) for heard in receiver.heard}) == 1
    assert len({heard.headers["webhook-signature"] for heard in receiver.heard}) == 10
    assert {each.status for each in attempts(one)} == {500}
    assert carry(one, now + timedelta(days=9)) == 0


def test_a_failed_try_asks_for_the_next_one_at_its_time(one, receiver, carry):
    receiver.answer(500)
    carry(one, NOW)
    (job,) = db.session.scalars(select(Job).where(Job.name == "deliver"))
    assert timedelta(0) <= job.run_at - deliveries(one)[0].next_attempt_at < timedelta(seconds=1)
    assert timedelta(seconds=4) < job.run_at - NOW <= timedelta(seconds=6)
    assert job.args == {"subscriber_id": one.id}


def test_many_that_fail_together_ask_for_few_jobs(one, new_account, happen, tell, receiver, carry):
    receiver.always = (500, {}, "")
    for n in range(40):
        happen.change(new_account(f"Name{n}"))
    tell()
    assert carry(one, NOW) == 41
    assert len(list(db.session.scalars(select(Job).where(Job.name == "deliver")))) <= 2


def test_a_success_forgets_the_failures(one, receiver, carry):
    receiver.answer(500)
    carry(one, NOW)
    assert (one.failures, one.failing_since) == (1, NOW)
    carry(one, NOW + HOUR)
    assert (one.failures, one.failing_since, states(one)) == (0, None, ["delivered"])


def test_retry_after_is_heeded_for_everything_of_this_subscriber(one, new_account, happen, tell, receiver, carry):
    receiver.answer(429, {"Retry-After": "600"})
    happen.change(new_account("Silva Imports"))
    tell()
    assert carry(one, NOW) == 1
    assert carry(one, NOW + timedelta(seconds=599)) == 0
    assert carry(one, NOW + timedelta(seconds=600)) == 2
    assert states(one) == ["delivered", "delivered"]


def test_a_redirect_is_not_followed_and_the_answer_says_so(one, receiver, carry):
    with receiving() as elsewhere:
        receiver.answer(307, {"Location": elsewhere.address})
        carry(one, NOW)
        assert elsewhere.heard == []
    assert (attempts(one)[0].status, states(one)) == (307, ["waiting"])
    assert "Redirects are not followed" in attempts(one)[0].error


def test_one_poisoned_message_does_not_hold_up_the_next(one, new_account, happen, tell, receiver, carry):
    happen.change(new_account("Silva Imports"))
    tell()
    receiver.answer(500)
    assert carry(one, NOW) == 2
    assert states(one) == ["waiting", "delivered"]


def test_a_dead_subscriber_costs_one_try_and_is_then_left_in_peace(one, new_account, happen, tell, carry):
    one.url = dead_address()
    for name in ("Silva", "Thornfield", "Newbridge"):
        happen.change(new_account(name))
    tell()
    assert carry(one, NOW) == 1
    assert one.resting_until == NOW + timedelta(seconds=5)
    assert carry(one, NOW + timedelta(seconds=4)) == 0
    assert carry(one, NOW + timedelta(seconds=5)) == 1
    assert {each.status for each in attempts(one)} == {None}
    assert all(each.error for each in attempts(one))


def test_a_dead_subscriber_holds_up_no_other(one, new_account, happen, tell, new_subscriber, receiver, carry):
    one.url = dead_address()
    other = new_subscriber(name="other")
    happen.change(new_account("Silva Imports"))
    tell()
    carry(one, NOW)
    assert carry(other, NOW) == 1
    assert (states(one), states(other)) == (["waiting", "waiting"], ["delivered"])


def test_when_it_is_back_everything_that_waited_arrives(one, new_account, happen, tell, receiver, carry):
    address, one.url = one.url, dead_address()
    for name in ("Silva", "Thornfield"):
        happen.change(new_account(name))
    tell()
    carry(one, NOW)
    one.url = address
    assert carry(one, NOW + HOUR) == 3
    assert states(one) == ["delivered"] * 3


# --- killed anywhere ---


def test_a_worker_that_dies_with_a_delivery_in_hand_loses_nothing(one, receiver, carry, open_config):
    parcel = claim(one.id, NOW)
    send(parcel, open_config, NOW)  # and here it is killed
    assert carry(one, NOW + LEASE - timedelta(seconds=1)) == 0
    assert carry(one, NOW + LEASE) == 1
    first, second = receiver.heard
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert states(one) == ["delivered"]
    assert due_subscribers(NOW + LEASE) == []


def test_what_a_lost_worker_says_late_does_not_undo_what_another_did(one, receiver, carry, open_config):
    late = claim(one.id, NOW)
    carry(one, NOW + LEASE)
    record(late, replace(send(late, open_config, NOW), is_taken=False, status=500), NOW + LEASE, "")
    db.session.expire_all()
    assert states(one) == ["delivered"]


def test_a_subscriber_removed_while_it_is_called_leaves_nothing_behind(one, open_config):
    parcel = claim(one.id, NOW)
    db.session.delete(one)
    db.session.flush()
    record(parcel, send(parcel, open_config, NOW), NOW, "")
    assert db.session.scalars(select(DeliveryAttempt)).all() == []


def test_two_workers_at_once_carry_each_delivery_once(committed, at_once, receiver, open_config):
    subscriber = Subscriber(kind="webhook", name="w", url=receiver.address, types=["task.due"], secret=SECRET)
    db.session.add(subscriber)
    db.session.flush()
    for _ in range(12):
        try_out(subscriber, "Committed", NOW)
    subscriber_id = subscriber.id
    db.session.commit()

    def work():
        done = 0
        while parcel := claim(subscriber_id, NOW):
            db.session.commit()
            outcome = send(parcel, open_config, NOW)
            record(parcel, outcome, NOW, "")
            db.session.commit()
            done += 1
        return done

    done = at_once(work, work, work)
    assert sum(done) == 12
    assert len({heard.headers["webhook-id"] for heard in receiver.heard}) == 12
