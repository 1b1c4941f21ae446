"""CloudEvents, OpenMeter, Lago and Jitsu, as their clients send them."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text

from app.accounts.intake import recording
from app.core import clock
from app.extensions import db
from app.usage import metering
from app.usage.intake.ingesting import ensure_meters
from app.usage.models import HeldEvent
from tests.books import stretch
from tests.connectors.product.conftest import counted, held, meters, totals

AT = "2026-11-20T12:00:00Z"


@pytest.fixture(autouse=True)
def api_calls(key):
    ensure_meters(["api-calls"])


def cloudevent(n=1, **fields):
    return {
        "id": f"evt-{n}", "source": "/billing", "specversion": "1.0", "type": "api-calls", "subject": "acme",
        "time": AT, "data": {"calls": 12},
    } | fields  # fmt: skip


def headers_of(event):
    return {f"ce-{name}": str(value) for name, value in event.items() if name != "data"}


def test_an_event_in_headers_is_taken(send, bearer):
    answer = send("/cloudevents", {"calls": 12}, bearer | headers_of(cloudevent(1)))
    assert (answer.status_code, answer.data) == (204, b"")
    assert counted("api-calls") == 1


def test_headers_are_percent_decoded(send, bearer):
    db.session.execute(text("UPDATE account SET external_id = 'ü 100%'"))
    send("/cloudevents", {}, bearer | headers_of(cloudevent(1, subject="%C3%BC%20100%25")))
    assert counted("api-calls", "ü 100%") == 1


@pytest.mark.parametrize("charset", ["", "; charset=utf-8", "; charset=UTF-8"])
def test_structured_and_batched_events_are_taken(send, bearer, charset):
    send("/cloudevents", cloudevent(1), bearer, f"application/cloudevents+json{charset}")
    batch = [cloudevent(1), cloudevent(2), cloudevent(3, source="/other")]
    answer = send("/cloudevents", batch, bearer, f"application/cloudevents-batch+json{charset}")
    assert answer.status_code == 204
    assert counted("api-calls") == 3


def test_the_content_type_decides_before_the_headers(send, bearer):
    send("/cloudevents", cloudevent(1), bearer | {"ce-id": "other"}, "application/cloudevents+json")
    send("/cloudevents", cloudevent(1), bearer, "application/cloudevents+json")
    assert counted("api-calls") == 1


def test_an_id_is_unique_within_its_source_only(send, bearer):
    for source, event_id in (("/a", "b c"), ("/a", "b"), ("/b", "b c")):
        send("/cloudevents", cloudevent(source=source, id=event_id), bearer, "application/cloudevents+json")
    assert counted("api-calls") == 3


@pytest.mark.parametrize(
    "wrong",
    [
        {"subject": None},
        {"id": ""},
        {"type": None},
        {"source": "a b"},
        {"specversion": "0.3"},
        {"time": "noon"},
        {"time": "2126-11-20T12:00:00Z"},
    ],
)
def test_an_event_that_is_wrong_is_held_and_the_others_count(send, bearer, wrong):
    batch = [cloudevent(1), cloudevent(2, **wrong), cloudevent(3)]
    assert send("/cloudevents", batch, bearer, "application/cloudevents-batch+json").status_code == 204
    assert [each[:2] for each in held()] == [("cloudevents", "value")]
    assert counted("api-calls") == 2


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/xml", b"<x/>", 415),
        ("application/cloudevents+xml", b"<x/>", 415),
        ("application/cloudevents+json", b"<x/>", 400),
        ("application/json", b'{"calls": 12}', 400),
        ("application/json", b'{"data": ' + b"[" * 20_000, 400),
    ],
)
def test_a_body_that_is_no_event_is_refused(send, bearer, kind, body, status):
    answer = send("/cloudevents", body, bearer, kind)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")


def test_a_sender_that_asks_whether_it_may_is_told_so(client):
    asked = client.open("/cloudevents", method="OPTIONS", headers={"WebHook-Request-Origin": "events.example"})
    assert (asked.status_code, asked.headers["WebHook-Allowed-Origin"]) == (200, "events.example")


def test_a_meter_adds_up_a_property_by_rule(send, bearer):
    metering.make_rule("api-calls", "api-calls", quantity_from="calls")
    send(
        "/api/v1/events",
        [cloudevent(1), cloudevent(2, data={"calls": "3"})],
        bearer,
        "application/cloudevents-batch+json",
    )
    assert counted("api-calls") == 15


def test_an_unknown_meter_is_held_and_counted_once_it_is_made(send, bearer, replay):
    answer = send("/api/v1/events", cloudevent(1, type="tokens"), bearer, "application/cloudevents+json")
    assert answer.status_code == 204
    assert held() == [("openmeter", "meter", "tokens")]
    assert replay() == (1, 0)
    ensure_meters(["tokens"])
    assert replay("meter", "tokens") == (1, 1)
    assert (counted("tokens"), held()) == (1, [])


def test_an_unknown_account_is_counted_on_the_day_it_came_once_it_is_there(send, bearer, replay, monkeypatch):
    event = cloudevent(1, subject="late-co")
    del event["time"]
    with monkeypatch.context() as earlier:
        earlier.setattr(clock, "utc_now", lambda: datetime(2026, 11, 20, 8, tzinfo=UTC))
        send("/api/v1/events", event, bearer, "application/cloudevents+json")
    recording.record_accounts([{"external_id": "late-co", "name": "Late"}], clock.utc_now())
    assert replay() == (1, 1)
    assert counted("api-calls", "late-co") == 1


def test_openmeter_is_answered_by_an_empty_204(send, bearer):
    for body, kind in ((cloudevent(1), "application/cloudevents+json"), (b"", "application/json")):
        answer = send("/api/v1/events", body, bearer, kind)
        assert (answer.status_code, answer.data) == (204, b"")


# --- Lago ---


def lago(n=1, **fields):
    return {
        "transaction_id": f"tx-{n}", "external_subscription_id": "acme", "code": "api-calls",
        "timestamp": str(int(datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp())), "properties": {"calls": "12"},
        "precise_total_amount_cents": None,
    } | fields  # fmt: skip


def test_lagos_client_reads_back_what_it_sent(send, bearer):
    answer = send("/api/v1/events", {"event": lago(1)}, bearer)
    assert answer.status_code == 200
    told = answer.json["event"]
    assert (told["transaction_id"], told["external_subscription_id"], told["code"]) == ("tx-1", "acme", "api-calls")
    assert told["timestamp"] == AT
    again = send("/api/v1/events", {"event": lago(1)}, bearer)
    assert (again.status_code, again.json["event"]["lago_id"]) == (200, told["lago_id"])
    assert counted("api-calls") == 1


def test_a_subscription_stands_for_its_account(send, bearer):
    recording.record_subscriptions([stretch("acme", 100, datetime(2026, 1, 1, tzinfo=UTC).date())], clock.utc_now())
    batch = {"events": [lago(1, external_subscription_id="acme-1"), lago(2)]}
    answer = send("/api/v1/events/batch", batch, bearer)
    assert [each["transaction_id"] for each in answer.json["events"]] == ["tx-1", "tx-2"]
    assert counted("api-calls") == 2


def test_an_unknown_subscription_is_held_as_one(send, bearer):
    send("/api/v1/events", {"event": lago(1, external_subscription_id="nobodys")}, bearer)
    assert held() == [("lago", "account", "nobodys")]
    assert (
        db.session.scalars(select(HeldEvent.detail)).one().startswith("There is no subscription 'nobodys'. Bring it in")
    )


def test_an_event_that_is_wrong_is_told_in_lagos_words_and_the_others_count(send, bearer):
    answer = send("/api/v1/events/batch", {"events": [lago(1), lago(2, code=None)]}, bearer)
    assert (answer.status_code, answer.json["code"]) == (422, "validation_errors")
    assert list(answer.json["error_details"]) == ["1"]
    single = send("/api/v1/events", {"event": lago(3, timestamp="soon")}, bearer)
    assert single.json["error_details"] == {"timestamp": [single.json["error_details"]["timestamp"][0]]}
    assert counted("api-calls") == 1
    assert len(held()) == 2


def test_lagos_batches_hold_a_hundred(send, bearer):
    assert send("/api/v1/events/batch", {"events": [lago(n) for n in range(101)]}, bearer).status_code == 413
    assert send("/api/v1/events/batch", {"events": [lago(n) for n in range(100)]}, bearer).status_code == 200
    assert counted("api-calls") == 100


# --- Jitsu ---


def test_jitsu_says_the_type_in_the_address_and_the_key_in_a_header(send, key):
    message = {
        "messageId": "j1",
        "userId": "u",
        "groupId": "acme",
        "timestamp": AT,
        "event": "Opened",
        "writeKey": "id:***",
    }
    for path, given in (("/api/s/track", f"id:{key}"), ("/api/s/s2s/track", key), ("/api/s/event", key)):
        answer = send(path, message | {"type": "track"}, {"X-Write-Key": given})
        assert (answer.status_code, answer.json) == (200, {"ok": True})
    assert counted("product_events") == 1
    assert "product_events" in meters()


def test_jitsus_body_must_be_a_message(send, key):
    assert send("/api/s/track", [1], {"X-Write-Key": key}).status_code == 400
    assert send("/api/s/track", {"event": "x"}, {"X-Write-Key": "id:wrong"}).status_code == 401
    assert totals() == {}
