"""PostHog's capture, as servers and browsers send it."""

import gzip
import json
from base64 import b64encode
from unittest.mock import Mock
from urllib.parse import quote

import pytest
from sqlalchemy import select, text

from app.accounts.models import Account
from app.core.http import answers
from app.extensions import db
from tests.connectors.product.conftest import active, counted, held, people, totals

AT = "2026-11-20T12:00:00+00:00"


def event(n=1, name="Report Exported", group="acme", **fields):
    properties = {"format": "pdf", "$lib": "x"} | ({"$groups": {"company": group}} if group else {})
    body = {"event": name, "uuid": f"u-{n}", "distinct_id": "user-42", "timestamp": AT, "properties": properties}
    return body | fields


def told(n, name, properties, **fields):
    return {
        "event": name,
        "uuid": f"u-{n}",
        "distinct_id": "user-42",
        "timestamp": AT,
        "properties": properties,
    } | fields


def test_a_batch_of_a_server_makes_account_person_and_usage(send, key):
    batch = [
        told(1, "$groupidentify", {"$group_type": "company", "$group_key": "new", "$group_set": {"name": "New Co"}},
             distinct_id="made-up"),
        event(2, group="new"),
        told(3, "$set", {}, **{"$set": {"email": "ada@acme.test"}}),
        told(4, "$pageview", {"$current_url": "https://x", "$groups": {"company": "new"}}),
        told(5, "$feature_flag_called", {"$groups": {"company": "new"}}),
    ]  # fmt: skip
    answer = send("/batch/", {"api_key": key, "batch": batch, "historical_migration": False, "sent_at": None})
    assert (answer.status_code, answer.json) == (200, {"status": 1})
    assert db.session.scalars(select(Account.name).where(Account.external_id == "new")).one() == "New Co"
    assert counted("product_events", "new") == 2
    assert active() == {("new", "user-42")}
    assert held() == [("posthog", "person", "user-42")]


def test_a_person_is_told_of_with_an_event_of_theirs(send, key):
    body = event(1, **{"$set": {"email": "ada@acme.test", "name": "Ada"}}) | {"api_key": key}
    assert send("/i/v0/e/", body).json == {"status": 1}
    assert people() == {"user-42": ("acme", "Ada", "ada@acme.test")}


def test_the_newer_capture_answers_for_each_event(send, bearer):
    answer = send(
        "/i/v1/analytics/events", {"created_at": None, "batch": [event(1), event(2, group="nowhere")]}, bearer
    )
    assert answer.status_code == 200
    results = answer.json["results"]
    assert (results["u-1"], results["u-2"]["result"]) == ({"result": "ok"}, "warning")
    assert "'nowhere'" in results["u-2"]["details"]
    again = send("/i/v1/analytics/events", {"created_at": None, "batch": [event(1)]}, bearer)
    assert again.json["results"] == {"u-1": {"result": "ok"}}
    assert counted("product_events") == 1


@pytest.mark.parametrize("path", ["/e/?compression=gzip-js&ip=0", "/batch/?compression=gzip", "/e/"])
def test_a_browser_that_gzips_says_so_in_the_address_or_nowhere(send, key, path):
    data = gzip.compress(json.dumps(event(1) | {"api_key": key}).encode())
    assert send(path, data, content_type="text/plain").json == {"status": 1}
    assert counted("product_events") == 1


def test_a_browser_may_send_a_list_with_its_key_among_the_properties(send, key):
    one = event(1)
    one["properties"]["token"] = key
    assert send("/e/", [one, event(2)], content_type="text/plain").json == {"status": 1}
    assert counted("product_events") == 2


def test_a_form_in_base64_is_read_too(send, key):
    packed = quote(b64encode(json.dumps(event(1) | {"api_key": key}).encode()).decode())
    answer = send("/e/", f"data={packed}".encode(), content_type="application/x-www-form-urlencoded")
    assert answer.json == {"status": 1}
    assert counted("product_events") == 1


def test_what_is_kept_holds_no_key(send, key):
    one = event(1, group="nowhere") | {"api_key": key}
    one["properties"]["token"] = key
    send("/e/", one)
    assert held() == [("posthog", "account", "nowhere")]
    assert key not in str(db.session.execute(text("SELECT message FROM held_event")).scalar_one())


def test_two_ids_of_a_person_become_one(send, key):
    send("/batch/", {"api_key": key, "batch": [event(1, distinct_id="old-user")]})
    alias = told(2, "$create_alias", {"distinct_id": "old-user", "alias": "user-42"}, distinct_id="old-user")
    send("/batch/", {"api_key": key, "batch": [alias, event(3, distinct_id="old-user")]})
    assert active() == {("acme", "user-42")}


@pytest.mark.parametrize("body", [b"{", b"data=%%%", b"[]", b'{"batch": 1}', b'"x"'])
def test_a_body_without_a_key_that_can_be_read_opens_nothing(send, body):
    answer = send("/batch/", body)
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")


def test_a_wrong_key_is_told_so(send):
    assert send("/batch/", {"api_key": "phc_x", "batch": [event(1)]}).status_code == 401
    assert totals() == {}


def test_what_is_sent_again_counts_once(send, key):
    for _ in range(3):
        send("/batch", {"api_key": key, "batch": [event(1), event(2)]})
    assert counted("product_events") == 2


def test_a_browser_that_asks_what_else_to_do_is_told_nothing_wherever_it_is(client, send, key):
    settings = client.get(f"/array/{key}/config")
    script, flags = client.get(f"/array/{key}/config.js"), send("/flags/?v=2", {"token": key, "distinct_id": "u"})
    for answer in (settings, script, flags):
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")
    assert (settings.json["hasFeatureFlags"], script.data, flags.json["flags"]) == (False, b"", {})


def test_a_browser_with_a_key_that_is_wrong_is_told_so_when_it_asks(client, send):
    for answer in (client.get("/array/prn_1_x/config"), send("/flags/", {"token": "prn_1_x"})):
        assert (answer.status_code, answer.json["code"]) == (401, "bad_key")


def test_a_key_in_an_address_is_not_in_the_log(client, key, monkeypatch):
    noted = Mock()
    monkeypatch.setattr(answers, "_log", noted)
    client.get(f"/array/{key}/config")
    assert not noted.info.called, "what was taken is not logged"
    client.get(f"/array/{key}x/config")
    assert noted.info.call_args.kwargs["path"] == "/array/prn_…/config"
