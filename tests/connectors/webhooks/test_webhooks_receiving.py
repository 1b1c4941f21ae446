"""POST /hooks/…: signed or refused, kept byte for byte before anything is made of it, each message once."""

import base64
import json
from datetime import UTC, datetime
from threading import Event

import pytest
from sqlalchemy import select

from app.connectors.webhooks import api, receiving, sources
from app.connectors.webhooks.models import WebhookDelivery, WebhookSource
from app.connectors.webhooks.signing import digest
from app.core import queue, tenancy
from app.core.clock import utc_now
from app.core.queue import Job
from app.extensions import db
from app.identity import keys
from app.identity.models import AuditEntry
from jobs import normalise_deliveries
from tests.connectors.webhooks.conftest import deliver, rows, state_of, stretches, work
from tests.connectors.webhooks.stripe_events import SECRET, customer, event, signed, subscription

NOW = int(datetime.now(UTC).timestamp())
NEW = event("customer.created", customer(), NOW)
CREATED = event("customer.subscription.created", subscription(), NOW)


@pytest.fixture
def stripe(stripe):
    sources.add_secret(stripe, SECRET)
    return stripe


@pytest.fixture
def post(client, stripe, workspace):
    """Post a body as Stripe does; gives the answer."""

    def send(body, *, address=None, headers=None, provider="stripe", **kwargs):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = signed(raw, int(utc_now().timestamp())) if headers is None else headers
        path = f"/hooks/{provider}/{address or f'{workspace.id}-{stripe.token}'}"
        return client.post(path, data=raw, headers={"X-CSRFToken": "", "Accept": "*/*"} | headers, **kwargs)

    return send


def kept():
    return list(db.session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.id)))


def test_a_signed_message_is_kept_as_it_came_and_a_job_asked_for(post):
    body = json.dumps(NEW, indent=3).encode()
    answer = post(body, content_type="application/json; charset=utf-8")
    (delivery,) = kept()
    assert (answer.status_code, answer.json) == (200, {"received": True, "delivery": delivery.id, "repeat": False})
    assert (delivery.body, delivery.event_id, delivery.event_type, delivery.state) == (
        body,
        NEW["id"],
        "customer.created",
        "waiting",
    )
    assert delivery.headers.keys() == {"Content-Type", "Stripe-Signature", "User-Agent"}
    assert [job.name for job in db.session.scalars(select(Job))] == ["normalise_deliveries"]


def test_a_repeat_is_thanked_for_and_counted(post):
    first = post(NEW).json
    assert post(NEW).json == first | {"repeat": True}
    work()
    assert post(NEW).json == first | {"repeat": True}
    (delivery,) = kept()
    assert (delivery.repeats, delivery.state) == (2, "done")
    assert len(rows("SELECT 1 FROM job WHERE name = 'normalise_deliveries'")) == 1


def test_many_messages_wait_for_one_job(post):
    for n in range(5):
        post(NEW | {"id": f"evt_{n}"})
    assert (len(kept()), len(rows("SELECT 1 FROM job"))) == (5, 1)


def test_what_is_signed_but_no_json_is_kept_under_its_hash(post):
    for _ in range(2):
        assert post(b"not json").status_code == 200
    (delivery,) = kept()
    assert (delivery.event_id[:7], delivery.repeats) == ("sha256:", 1)
    work()
    assert state_of(delivery)[0] == "failed"


def test_what_the_sender_calls_its_body_does_not_matter(post):
    answer = post(NEW, content_type="application/x-www-form-urlencoded")
    assert (answer.status_code, kept()[0].body) == (200, json.dumps(NEW).encode())


def problem(answer):
    assert answer.mimetype == "application/problem+json"
    return answer.status_code, answer.json["code"]


def test_an_unsigned_message_is_refused_and_its_source_says_why(post, stripe):
    assert problem(post(NEW, headers={})) == (401, "bad_signature")
    assert problem(post(NEW, headers=signed(b"other", NOW))) == (401, "bad_signature")
    assert kept() == []
    source = db.session.get_one(WebhookSource, (stripe.workspace_id, stripe.id))
    assert "paste it anew" in source.refused_why
    assert source.last_heard_at is None


def test_a_source_without_a_secret_takes_nothing(post, stripe):
    (secret,) = rows("SELECT id FROM webhook_secret")
    sources.remove_secret(stripe, secret[0])
    answer = post(NEW)
    assert problem(answer) == (401, "bad_signature")
    assert "No secret" in answer.json["detail"]


def test_either_of_two_secrets_counts_until_it_is_removed(post, stripe):
    sources.add_secret(stripe, "whsec_new")
    for secret in (SECRET, "whsec_new"):
        body = json.dumps(NEW | {"id": secret}).encode()
        assert post(body, headers=signed(body, int(utc_now().timestamp()), secret)).status_code == 200
    sources.remove_secret(stripe, rows("SELECT min(id) FROM webhook_secret")[0][0])
    assert problem(post(NEW)) == (401, "bad_signature")


@pytest.mark.parametrize("address", ["1-x", "x", "-", "99999999999999999999-x", "²-x", "0-x", "1"])
def test_an_address_nobody_made_is_not_there(post, address):
    assert problem(post(NEW, address=address)) == (404, "not_found")


def test_an_address_belongs_to_one_provider_and_one_workspace(post, stripe, cast):
    assert problem(post(NEW, provider="chargebee")) == (404, "not_found")
    assert problem(post(NEW, address=f"{cast.elsewhere.id}-{stripe.token}")) == (404, "not_found")
    with tenancy.workspace(cast.elsewhere.id):
        assert kept() == []


def test_a_disabled_source_refuses_and_goes_on_once_enabled(post, stripe):
    sources.disable(stripe.id, utc_now())
    assert problem(post(NEW)) == (403, "disabled")
    sources.enable(stripe.id)
    assert post(NEW).status_code == 200


def test_a_body_beyond_a_megabyte_is_refused_whole(post):
    answer = post(b" " * (api.MOST_BYTES + 1))
    assert (answer.status_code, answer.mimetype, kept()) == (413, "application/problem+json", [])
    assert post(b" " * api.MOST_BYTES).status_code == 200


def test_nobody_is_told_more_by_get(client, stripe, workspace):
    assert client.get(f"/hooks/stripe/{workspace.id}-{stripe.token}").status_code == 405


# --- the other providers, over the same door ---


def test_what_chargebee_presents_is_checked_and_never_kept(client, source_of, workspace):
    source = source_of("chargebee")
    (secret,) = rows("SELECT secret FROM webhook_secret WHERE source_id = :id", id=source.id)
    address = f"/hooks/chargebee/{workspace.id}-{source.token}"
    body = json.dumps({"id": "ev_1", "event_type": "card_added", "occurred_at": NOW, "content": {}})
    name, _, password = secret[0].partition(":")
    assert client.post(address, data=body, auth=(name, password), headers={"X-CSRFToken": ""}).status_code == 200
    assert client.post(address, data=body, auth=(name, "wrong"), headers={"X-CSRFToken": ""}).status_code == 401
    (delivery,) = kept()
    assert "Authorization" not in delivery.headers


def test_lago_is_known_by_its_unique_key_over_retries(source_of):
    source = source_of("lago")
    sources.add_secret(source, "a shared key of lago")
    ids = set()
    for key in ("k1", "k1", "k2"):
        body = b'{"webhook_type": "customer.created", "object_type": "customer"}'
        signature = base64.b64encode(digest(b"a shared key of lago", body)).decode()
        headers = {"X-Lago-Signature": signature, "X-Lago-Unique-Key": key}
        ids.add(receiving.receive(source, headers, body, utc_now()).delivery_id)
    assert len(ids) == 2


# --- the job ---


def test_the_job_brings_all_that_waits_into_the_book(committed):
    source = sources.make_source("stripe", "Stripe", None)
    events = [event("customer.created", customer(f"cus_{n}"), NOW) for n in range(250)]
    deliver(source, *events, CREATED)
    job_id = queue.defer("normalise_deliveries")
    db.session.commit()
    lease, _ = queue.claim(committed.id, job_id)
    normalise_deliveries.run(lease)
    lease.finish()
    assert rows("SELECT state, count(*) FROM webhook_delivery GROUP BY 1 ORDER BY 1") == [("done", 251)]
    assert rows("SELECT done, state FROM job WHERE name = 'normalise_deliveries'") == [(251, "done")]


def test_a_message_that_comes_while_the_job_begins_is_not_left_behind(committed, at_once):
    """The receiver finds the job still waiting and asks for no other; the job must then see what it kept."""
    source = sources.make_source("stripe", "Stripe", None)
    sources.add_secret(source, SECRET)
    job_id = queue.defer("normalise_deliveries", unique_key="waiting")
    db.session.commit()
    source_id, is_kept, is_done, body = source.id, Event(), Event(), json.dumps(NEW).encode()

    def receive():
        """Keep a message, and commit only once the job waits for that, or went by without waiting."""
        sender = db.session.get_one(WebhookSource, (committed.id, source_id))
        receiving.receive(sender, signed(body, int(utc_now().timestamp())), body, utc_now())
        is_kept.set()
        while not is_done.wait(0.01) and not rows("SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
            pass
        db.session.commit()

    def do_the_job():
        is_kept.wait()
        lease, _ = queue.claim(committed.id, job_id)
        normalise_deliveries.run(lease)
        lease.finish()
        is_done.set()

    at_once(receive, do_the_job)
    assert rows("SELECT state, count(*) FROM job WHERE name = 'normalise_deliveries' GROUP BY 1") == [("done", 1)]
    assert rows("SELECT state FROM webhook_delivery") == [("done",)]


def test_one_message_over_two_connections_at_once_is_kept_once(committed, at_once):
    source = sources.make_source("stripe", "Stripe", None)
    sources.add_secret(source, SECRET)
    db.session.commit()
    source_id, body = source.id, json.dumps(NEW).encode()

    def receive():
        sender = db.session.get_one(WebhookSource, (committed.id, source_id))
        received = receiving.receive(sender, signed(body, int(utc_now().timestamp())), body, utc_now())
        db.session.commit()
        return received.is_repeat

    assert sorted(at_once(receive, receive)) == [False, True]
    assert rows("SELECT repeats FROM webhook_delivery") == [(1,)]


# --- replaying by key ---


@pytest.fixture
def replay(client, cast):
    _, shown = keys.make_key("ops", ["data:write"], cast.admin.id)
    return lambda number, secret=shown: client.post(
        f"/api/v1/webhook-deliveries/{number}/replay", headers={"Authorization": f"Bearer {secret}", "X-CSRFToken": ""}
    )


def test_a_key_replays_what_failed_after_the_cause_is_mended(replay, stripe, workspace):
    _, delivery = deliver(stripe, NEW, CREATED)
    workspace.currency = "EUR"
    work()
    assert state_of(delivery)[0] == "failed"
    workspace.currency = "USD"
    answer = replay(delivery.id)
    assert (answer.status_code, answer.json) == (202, {"state": "waiting"})
    assert state_of(delivery) == ("waiting", None)
    work()
    assert (state_of(delivery), len(stretches())) == (("done", None), 1)
    entry = db.session.scalars(select(AuditEntry)).all()[-1]
    assert (entry.actor, entry.act, entry.subject_id) == ("key ops", "replayed", delivery.id)


def test_replaying_needs_its_scope_and_a_delivery(replay, cast, stripe):
    _, other = keys.make_key("reader", ["book:read"], cast.admin.id)
    assert problem(replay(1, other)) == (403, "scope")
    assert problem(replay(10**9)) == (404, "not_found")
