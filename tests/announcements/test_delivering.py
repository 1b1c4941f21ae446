"""What is announced arrives at webhooks and in Slack: signed, at least once, and whoever is down holds up nobody."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text
from standardwebhooks import Webhook, WebhookVerificationError

from app.accounts.models import Account, AccountSummary
from app.announcements.addressing import due_subscribers
from app.announcements.delivery.redelivering import redeliver, redeliver_failed
from app.announcements.models import Subscriber
from app.announcements.subscribing import rotate, switch_on
from app.announcements.trying_out import try_out
from app.core import queue, tenancy
from app.core.clock import utc_now
from app.core.problems import Problem
from app.core.queue import Job
from app.extensions import db
from app.health.models import HealthChange
from jobs import announce, deliver, worker
from tests.announcements.conftest import SECRET, attempts, deliveries, states
from tests.cast import NOW

HOUR = timedelta(hours=1)


def mailed():
    return [job.args for job in db.session.scalars(select(Job).where(Job.name == "send_mail").order_by(Job.id))]


def verified(secret, heard):
    return Webhook(secret).verify(heard.body, heard.headers)


# --- the request ---


def test_a_webhook_arrives_as_documented_and_is_kept_with_its_answer(one, receiver, carry):
    receiver.answer(202, body="thank you")
    assert carry(one, NOW) == 1
    (heard,) = receiver.heard
    body = json.loads(heard.body)
    assert list(body) == ["type", "timestamp", "data"]
    assert (body["type"], body["timestamp"]) == ("score.band_changed", "2026-11-20T09:30:00Z")
    assert body["data"]["account"]["name"] == "Slate & Sons"
    assert heard.headers["content-type"] == "application/json"
    (delivery,), (attempt,) = deliveries(one), attempts(one)
    assert (delivery.state, delivery.attempts, delivery.finished_at) == ("delivered", 1, NOW)
    assert (attempt.status, attempt.answer, attempt.error, attempt.tried_at) == (202, "thank you", None, NOW)
    assert attempt.duration_ms >= 0
    assert carry(one, NOW + HOUR) == 0


def test_the_official_library_verifies_the_signature_and_refuses_a_changed_body(one, receiver, carry):
    carry(one, utc_now())
    (heard,) = receiver.heard
    assert verified(one.secret, heard)["type"] == "score.band_changed"
    with pytest.raises(WebhookVerificationError):
        Webhook(one.secret).verify(heard.body + b" ", heard.headers)
    with pytest.raises(WebhookVerificationError):
        verified("whsec_" + base64.b64encode(b"x" * 32).decode(), heard)


def test_the_signature_is_the_hmac_that_the_specification_asks_for(one, receiver, carry):
    """Reckoned here without any library, as a receiver in another language would."""
    carry(one, NOW)
    headers, body = receiver.heard[0].headers, receiver.heard[0].body
    key = base64.b64decode(one.secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert headers["webhook-id"].startswith("msg_")
    assert 24 <= len(key) <= 64


def test_a_time_given_in_another_zone_is_signed_as_the_same_instant(one, receiver, carry):
    carry(one, NOW.astimezone(ZoneInfo("Asia/Tokyo")))
    assert receiver.heard[0].headers["webhook-timestamp"] == str(int(NOW.timestamp()))


def test_for_a_day_after_a_rotation_both_secrets_sign(new_account, happen, tell, new_subscriber, receiver, carry):
    subscriber = new_subscriber()
    old = subscriber.secret
    rotate(subscriber, utc_now())
    assert subscriber.secret != old
    happen.change(new_account())
    tell()
    carry(subscriber, utc_now())
    for secret in (old, subscriber.secret):
        assert verified(secret, receiver.heard[0])["type"] == "score.band_changed"
    after = subscriber.old_secret_until + timedelta(seconds=1)
    assert subscriber.secrets_at(after) == (subscriber.secret,)
    assert subscriber.secrets_at(after - timedelta(seconds=2)) == (subscriber.secret, old)


def test_slack_gets_blocks_and_a_text_that_stands_in_for_them(
    new_account, happen, tell, new_subscriber, receiver, carry
):
    subscriber = new_subscriber(kind="slack", name="#cs")
    happen.change(new_account("A<B> & @here |x"), why="seats <!channel> fell & fell")
    tell()
    assert (carry(subscriber, NOW), subscriber.secret) == (1, None)
    (heard,) = receiver.heard
    body = json.loads(heard.body)
    assert body["text"] == "A&lt;B&gt; &amp; @here |x: health fell to watch, it was steady"
    title, why = body["blocks"]
    assert title["text"]["text"].startswith("*<https://perennial.example/accounts/")
    assert "|A&lt;B&gt; &amp; @here ¦x: health fell" in title["text"]["text"]
    assert why["elements"][0]["text"] == "seats &lt;!channel&gt; fell &amp; fell"
    assert not [name for name in heard.headers if name.startswith("webhook-")]


# --- who is told ---


def test_a_claim_takes_one_event_whatever_plan_the_database_chooses(
    new_account, happen, tell, new_subscriber, receiver, carry
):
    """Without statistics a nested loop may be chosen, which would look for something due once for each row."""
    subscriber = new_subscriber()
    for name in ("Slate", "Silva", "Thorn"):
        happen.change(new_account(name))
    tell()
    for way in ("hashjoin", "mergejoin", "hashagg", "sort", "material", "memoize"):
        db.session.execute(text(f"SET LOCAL enable_{way} = off"))
    assert carry(subscriber, NOW) == 3
    told = [json.loads(each.body)["data"]["account"]["external_id"] for each in receiver.heard]
    assert told == ["slate", "silva", "thorn"]


def test_only_chosen_events_are_sent(new_account, happen, tell, new_subscriber):
    changes, tasks = new_subscriber(types=["score.band_changed"]), new_subscriber(types=["task.due"])
    account = new_account()
    happen.change(account)
    happen.task(account)
    happen.task(account)
    tell()
    assert (len(deliveries(changes)), len(deliveries(tasks))) == (1, 2)


def test_who_comes_later_is_not_told_what_happened_before(new_account, happen, tell, new_subscriber):
    happen.change(new_account())
    tell()
    late = new_subscriber()
    tell()
    assert deliveries(late) == []


def test_one_that_is_switched_off_is_told_nothing(one, new_account, happen, tell, receiver, carry):
    one.disabled_at = NOW
    happen.change(new_account("Silva Imports"))
    tell()
    assert len(deliveries(one)) == 1
    assert (carry(one, NOW), receiver.heard) == (0, [])


def test_due_subscribers_are_those_with_something_due_who_are_on_and_rested(one, new_subscriber):
    new_subscriber()
    assert due_subscribers(NOW) == [one.id]
    assert due_subscribers(NOW - HOUR) == []
    one.resting_until = NOW + HOUR
    db.session.flush()
    assert (due_subscribers(NOW), due_subscribers(NOW + HOUR)) == ([], [one.id])
    one.disabled_at = NOW
    db.session.flush()
    assert due_subscribers(NOW + HOUR) == []


# --- enough ---


def test_410_switches_it_off_at_once_and_the_admins_are_told(one, new_account, happen, tell, receiver, carry, cast):
    happen.change(new_account("Silva Imports"))
    tell()
    receiver.answer(410)
    assert carry(one, NOW) == 1
    assert one.disabled_at == NOW
    assert "410 Gone" in one.disabled_why
    assert states(one) == ["failed", "dropped"]
    (letter,) = mailed()
    assert letter["to"] == cast.admin.email
    assert f"https://perennial.example/settings/notifications/{one.id}" in letter["body"]
    assert carry(one, NOW + HOUR) == 0


def test_three_days_of_failure_switch_it_off(one, new_account, happen, tell, receiver, carry):
    receiver.always = (500, {}, "")
    now = NOW
    for day in range(4):
        happen.change(new_account(f"Day{day}"), changed_on=now.date())
        tell(now)
        for hours in range(0, 24, 3):
            carry(one, now + hours * HOUR)
        if one.disabled_at:
            break
        now += timedelta(days=1)
    assert one.disabled_at - NOW == timedelta(days=3)
    assert "Nothing could be delivered for 3 days" in one.disabled_why
    assert len(mailed()) == 1


def test_switched_on_again_it_is_told_what_happens_from_then_on(one, new_account, happen, tell, receiver, carry):
    receiver.answer(410)
    carry(one, NOW)
    switch_on(one)
    happen.change(new_account("Silva Imports"))
    tell()
    assert carry(one, NOW) == 1
    assert (one.disabled_at, one.failures, states(one)) == (None, 0, ["failed", "delivered"])


# --- by hand ---


def test_a_failed_delivery_is_sent_again_by_hand_with_its_id(one, receiver, carry):
    receiver.answer(410)
    carry(one, NOW)
    switch_on(one)
    redeliver(deliveries(one)[0], one, NOW + HOUR)
    db.session.expire_all()
    assert (states(one), deliveries(one)[0].attempts) == (["waiting"], 0)
    assert carry(one, NOW + HOUR) == 1
    assert states(one) == ["delivered"]
    assert len({heard.headers["webhook-id"] for heard in receiver.heard}) == 1
    assert len(attempts(one)) == 2


def test_everything_that_failed_or_was_dropped_is_sent_again_in_one_go(one, new_account, happen, tell, receiver, carry):
    happen.change(new_account("Silva Imports"))
    tell()
    receiver.answer(410)
    carry(one, NOW)
    with pytest.raises(Problem, match="switched off"):
        redeliver_failed(one, NOW)
    switch_on(one)
    assert redeliver_failed(one, NOW) == 2
    assert carry(one, NOW) == 2
    assert redeliver_failed(one, NOW) == 0


def test_sending_again_rings_a_worker_even_while_a_later_try_waits(one, receiver, carry):
    receiver.answer(503, {"Retry-After": "7200"})
    carry(one, NOW)
    redeliver(deliveries(one)[0], one, NOW)
    jobs = list(db.session.scalars(select(Job).where(Job.name == "deliver").order_by(Job.run_at)))
    assert len(jobs) == 2
    assert (one.resting_until, carry(one, NOW)) == (None, 1)


# --- private addresses ---


def test_a_private_address_is_not_called_at_delivery_either(one, receiver, carry, open_config):
    carry(one, NOW, replace(open_config, allow_private_targets=False))
    one.url = receiver.address.replace("http:", "https:")
    carry(one, NOW + HOUR, replace(open_config, allow_private_targets=False))
    assert receiver.heard == []
    assert ["Use https" in attempts(one)[0].error, "private network" in attempts(one)[1].error] == [True, True]
    assert states(one) == ["waiting"]


# --- the jobs ---


@pytest.fixture
def run_job(committed, application, open_config, monkeypatch):
    """Write a job down, have the worker do it, and give its state."""
    monkeypatch.setattr(worker, "_app", application)
    monkeypatch.setitem(application.config, "PERENNIAL", open_config)
    workspace_id = committed.id

    def run(name, **args):
        job_id = queue.defer(name, unique_key="now", **args)
        db.session.commit()
        with application.app_context():
            worker.run(workspace_id, job_id)
        tenancy.enter_workspace(workspace_id)
        return db.session.execute(select(Job).where(Job.id == job_id)).scalar_one().state

    return run


@pytest.fixture
def committed_change(committed, receiver):
    """A webhook, and an account whose band changed today."""
    account = Account(external_id="a", name="A", stage="established")
    types = ["score.band_changed"]
    subscriber = Subscriber(kind="webhook", name="w", url=receiver.address, types=types, secret=SECRET)
    db.session.add_all([account, subscriber])
    db.session.flush()
    today = datetime.now(UTC).date()
    change = HealthChange(account_id=account.id, changed_on=today, from_band="steady", to_band="watch", why="x")
    db.session.add_all([AccountSummary(account_id=account.id, name="A", stage="established"), change])
    db.session.commit()
    return subscriber.id


def open_jobs(name):
    return list(db.session.scalars(select(Job.args).where(Job.name == name, Job.state == "ready")))


def test_the_jobs_bring_a_change_to_its_receiver(run_job, committed_change, receiver):
    """From the row that scoring wrote to the other side, by the worker's own hand."""
    assert run_job("announce") == "done"
    assert open_jobs("deliver") == [{"subscriber_id": committed_change}]
    assert run_job("deliver", subscriber_id=committed_change) == "done"
    (heard,) = receiver.heard
    assert json.loads(heard.body)["data"]["account"]["external_id"] == "a"
    assert run_job("prune_announcements") == "done"


def test_a_turn_ends_in_time_and_the_rest_has_another(run_job, committed_change, receiver, monkeypatch):
    for _ in range(3):
        try_out(db.session.get_one(Subscriber, (tenancy.workspace_id(), committed_change)), "Committed", NOW)
    db.session.commit()
    monkeypatch.setattr(deliver, "TURN_SECONDS", -1)
    assert run_job("deliver", subscriber_id=committed_change) == "done"
    assert len(receiver.heard) == 1
    assert open_jobs("deliver") == [{"subscriber_id": committed_change}]


def test_more_than_a_round_holds_is_announced_in_another(run_job, committed_change, monkeypatch):
    monkeypatch.setattr(announce, "AT_MOST", 1)
    assert run_job("announce") == "done"
    assert open_jobs("announce") == [{}]
