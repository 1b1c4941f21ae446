"""Data → Webhooks: a source is made, given secrets, watched, replayed, stopped and deleted by people who may."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.connectors.webhooks import normalising, queries, receiving, replaying
from app.connectors.webhooks.models import WebhookDelivery, WebhookSource
from app.connectors.webhooks.providers import PROVIDERS
from app.core.problems import Problem
from app.extensions import db
from app.identity.models import AuditEntry
from jobs import tend_events
from tests.cast import NOW
from tests.connectors.webhooks.conftest import deliver, rows, state_of, work
from tests.connectors.webhooks.stripe_events import customer, event, subscription

NEW = event("customer.created", customer(), 1_767_268_800)
CREATED = event("customer.subscription.created", subscription(), 1_767_268_800)


@pytest.fixture
def engineer(sign_in, cast):
    return sign_in(cast.billing_engineer)


@pytest.fixture
def made(engineer):
    """A source made on the page; gives it and where its page is."""

    def make(provider="stripe", name="Stripe, live"):
        answer = engineer.post("/data/webhooks", data={"provider": provider, "name": name})
        assert answer.status_code == 302
        source = db.session.scalars(select(WebhookSource).order_by(WebhookSource.id.desc())).first()
        return source, answer.location

    return make


def acts():
    return [(entry.act, entry.subject) for entry in db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))]


def test_the_empty_page_teaches_the_steps(engineer):
    page = engineer.get("/data/webhooks").text
    assert "None yet" in page
    assert all(provider.title in page for provider in PROVIDERS.values())


@pytest.mark.parametrize("provider", PROVIDERS)
def test_each_provider_has_an_address_nobody_can_guess_and_its_own_steps(made, engineer, provider, workspace):
    source, place = made(provider)
    page = engineer.get(place).text
    address = re.search(r'<code id="address">([^<]+)</code>', page)[1]
    assert address.endswith(f"/hooks/{provider}/{workspace.id}-{source.token}")
    assert len(source.token) == 48
    assert page.count("<li>") >= 2
    assert ("No secret yet" in page) == (PROVIDERS[provider].new_secret is None)


def test_data_is_marked_in_the_menu_also_on_the_pages_below_it(engineer):
    assert '<a href="/data" aria-current="page">Data</a>' in engineer.get("/data/webhooks").text
    assert '<a href="/data">Data</a>' in engineer.get("/settings/people").text


@pytest.mark.parametrize(
    ("form", "field"), [({"provider": "stripe", "name": " "}, "name"), ({"provider": "x", "name": "X"}, "provider")]
)
def test_a_source_without_a_name_or_sender_is_told_so(engineer, form, field):
    answer = engineer.post("/data/webhooks", data=form)
    assert answer.status_code == 422
    assert f'id="{field}-note"' in answer.text
    assert rows("SELECT 1 FROM webhook_source") == []


def test_a_pasted_secret_is_not_shown_again_and_two_are_the_most(made, engineer):
    source, place = made()
    for secret in ("whsec_one_long_secret", "whsec_two_long_secret"):
        assert engineer.post(f"{place}/secrets", data={"secret": f" {secret} "}).status_code == 302
    page = engineer.get(place).text
    assert "whsec_one_" in page
    assert "whsec_one_long_secret" not in page
    refused = engineer.post(f"{place}/secrets", data={"secret": "whsec_three"})
    assert (refused.status_code, "Two secrets are active" in refused.text) == (422, True)
    oldest = queries.secrets_of(source.id)[-1]
    engineer.post(f"{place}/secrets/{oldest.id}/removal")
    assert [each.secret for each in queries.secrets_of(source.id)] == ["whsec_two_long_secret"]
    assert acts() == [
        ("made", "webhook"),
        ("added", "webhook secret"),
        ("added", "webhook secret"),
        ("removed", "webhook secret"),
    ]
    assert not any("whsec" in str(entry.changes) for entry in db.session.scalars(select(AuditEntry)))


def test_a_wrong_secret_says_where_the_right_one_is(made, engineer):
    _, place = made()
    answer = engineer.post(f"{place}/secrets", data={"secret": "sk_live_key"})
    assert (answer.status_code, "which we must not have" in answer.text) == (422, True)
    assert engineer.post(f"{place}/secrets", data={"secret": ""}).status_code == 422


def test_a_secret_of_ours_is_made_shown_and_made_anew(made, engineer):
    source, place = made("standard", "Own")
    (first,) = queries.secrets_of(source.id)
    assert first.secret in engineer.get(place).text
    engineer.post(f"{place}/secrets", data={"secret": ""})
    assert len({each.secret for each in queries.secrets_of(source.id)}) == 2


def test_deliveries_stand_there_newest_first_with_state_and_reason(made, engineer):
    source, place = made()
    deliver(source, CREATED, NEW, event("product.created", {"object": "product", "id": "p"}, 1_767_268_900))
    normalising.normalise(NOW, most=1)
    page = engineer.get(place).text
    types = re.findall(r'data-open href="[^"]+">([^<]+)<', page)
    assert types == ["product.created", "customer.created", "customer.subscription.created"]
    assert "The customer cus_1 is not known yet" in page
    assert "Replay 1 held or failed" in page
    held = engineer.get(f"{place}?state=held").text
    assert "customer.subscription.created" in held
    assert "product.created" not in held
    assert "None is ignored" in engineer.get(f"{place}?state=ignored").text


def test_older_deliveries_are_on_the_next_page(made, engineer, monkeypatch):
    source, place = made()
    monkeypatch.setattr(queries, "PAGE", 2)
    deliver(source, *[event("customer.created", customer(f"cus_{n}"), 1_767_268_800) for n in range(3)])
    page = engineer.get(place).text
    older = re.search(r'href="([^"]+cursor=[^"]+)">Older', page)[1]
    assert len(re.findall("data-row>", engineer.get(older).text)) == 1
    assert engineer.get(f"{place}?cursor=nonsense").status_code == 400


def test_a_delivery_shows_its_body_as_it_came_and_what_it_says(made, engineer):
    source, place = made()
    (delivery,) = deliver(source, event("customer.created", customer(name="<script>alert(1)</script>"), 1_767_268_800))
    assert "It waits for a worker" in engineer.get(f"{place}/deliveries/{delivery.id}").text
    normalising.normalise(NOW)
    page = engineer.get(f"{place}/deliveries/{delivery.id}").text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "<code>cus_1</code>" in page


def test_a_delivery_belongs_to_its_source(made, engineer):
    source, place = made()
    (delivery,) = deliver(source, NEW)
    _, elsewhere = made("chargebee", "Other")
    assert engineer.get(f"{elsewhere}/deliveries/{delivery.id}").status_code == 404
    assert engineer.post(f"{elsewhere}/deliveries/{delivery.id}/replay").status_code == 404
    assert engineer.get(f"{place}/deliveries/{delivery.id}").status_code == 200


def test_one_or_all_that_failed_are_replayed_by_a_click(made, engineer):
    source, place = made()
    held, done = deliver(source, CREATED, event("customer.created", customer("cus_2"), 1_767_268_800))
    normalising.normalise(NOW)
    assert [state_of(each)[0] for each in (held, done)] == ["held", "done"]
    engineer.post(f"{place}/deliveries/{done.id}/replay")
    assert [state_of(each)[0] for each in (held, done)] == ["held", "waiting"]
    answer = engineer.post(f"{place}/replay", follow_redirects=True)
    assert "1 delivery is on the way again." in answer.text
    assert state_of(held)[0] == "waiting"
    assert rows("SELECT count(*) FROM job WHERE name = 'normalise_deliveries'") == [(2,)]
    assert "Nothing is held or failed" in engineer.post(f"{place}/replay", follow_redirects=True).text


def test_a_refused_message_stands_on_the_page(made, engineer, client):
    source, place = made()
    engineer.post(f"{place}/secrets", data={"secret": "whsec_x"})
    client.post(f"/hooks/stripe/{source.workspace_id}-{source.token}", data=b"{}", headers={"X-CSRFToken": ""})
    assert "A message was refused" in engineer.get(place).text


def test_a_source_is_disabled_enabled_and_deleted_and_the_book_stays(made, engineer):
    source, place = made()
    deliver(source, NEW)
    normalising.normalise(NOW)
    assert "is disabled" in engineer.post(f"{place}/disabling", follow_redirects=True).text
    assert "is enabled" in engineer.post(f"{place}/enabling", follow_redirects=True).text
    assert engineer.post(f"{place}/deletion", follow_redirects=True).status_code == 200
    assert engineer.get(place).status_code == 404
    assert db.session.scalars(select(WebhookDelivery)).all() == []
    assert rows("SELECT external_id FROM account") == [("cus_1",)]


def test_every_destructive_act_asks_once(made, engineer):
    source, place = made("standard", "Own")
    page = engineer.get(place).text
    for act in ("disabling", "deletion", f"secrets/{queries.secrets_of(source.id)[0].id}/removal"):
        form = re.search(rf'<form[^>]*action="{place}/{act}"[^>]*>', page)[0]
        assert "data-confirm=" in form


def test_a_manager_does_not_see_webhooks(sign_in, cast):
    assert sign_in(cast.owner).get("/data/webhooks").status_code == 403


def test_the_words_of_settled_messages_are_forgotten_and_what_they_said_stays(made, engineer):
    source, place = made()
    of_nobody = event("customer.subscription.created", subscription("sub_2", customer="cus_2"), 1_767_268_900)
    done, again, held = deliver(source, CREATED, NEW, of_nobody)
    work()
    assert [each.state for each in (done, again, held)] == ["done", "done", "held"]
    said = rows("SELECT count(*) FROM webhook_fact")

    assert receiving.forget_before(NOW) == 0
    assert done.body is not None
    assert receiving.forget_before(NOW + timedelta(days=1)) == 2
    with pytest.raises(Problem, match="forgotten"):  # who looked before it was forgotten finds out
        replaying.replay(done.id)
    db.session.expire_all()

    assert (done.body, done.headers, done.state) == (None, {}, "done")
    assert held.body is not None
    assert rows("SELECT count(*) FROM webhook_fact") == said
    page = engineer.get(f"{place}/deliveries/{done.id}").text
    assert "Forgotten: messages are kept as they came for 400 days." in page
    assert ">Replay<" not in page
    refused = engineer.post(f"{place}/deliveries/{done.id}/replay")
    assert (refused.status_code, "forgotten when its time was over" in refused.text) == (409, True)
    assert deliver(source, CREATED) == [done]


def test_a_night_forgets_all_that_is_over_a_few_messages_at_a_time(made, monkeypatch):
    source, _ = made()
    kept = deliver(source, CREATED, NEW)
    work()
    monkeypatch.setattr(receiving, "AT_ONCE", 1)
    monkeypatch.setattr(tend_events, "utc_now", lambda: NOW + timedelta(days=500))
    monkeypatch.setattr(tend_events.partitions, "make_ahead", lambda _day: None)
    monkeypatch.setattr(tend_events.partitions, "drop_before", lambda _day: None)

    tend_events.run(None)
    db.session.expire_all()

    assert [each.body for each in kept] == [None, None]
