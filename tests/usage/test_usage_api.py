"""POST /api/v1/usage: each record judged on its own, each event counted once, each refusal with its remedy."""

import gzip
import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from app.connectors.replaying import replay
from app.core import tenancy
from app.core.http import bodies
from app.extensions import db
from app.identity import guard, keys
from app.identity.models import ApiKey
from app.usage import api
from app.usage.intake import taking
from app.usage.intake.ingesting import ensure_meters
from app.usage.models import DailyUsage, UsageSource
from app.usage.queries import recent_events
from tests.books import kept_events, write_accounts
from tests.cast import NOW

ADDRESS = "/api/v1/usage"


@pytest.fixture
def key(cast):
    write_accounts("acme")
    ensure_meters(["events"])
    return keys.make_key("crm", ["usage:write"], cast.admin.id)


@pytest.fixture
def post(client, key):
    """Post something as JSON, or bytes as they are; gives the answer."""

    def send(body, *, secret=key[1], **headers):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {secret}"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        return client.post(ADDRESS, data=data, headers=headers, content_type="application/json")

    return send


def event(n=1, **fields):
    return {"id": f"e{n}", "account": "acme", "meter": "events", "quantity": 2, "at": "2026-11-20T09:00:00Z"} | fields


def stored():
    return [(each.event_id, each.quantity) for each in kept_events()]


def test_a_batch_is_taken_in_and_again_is_a_repeat(post):
    nothing = {"accepted": 0, "corrected": 0, "duplicates": 0, "rejected": []}
    assert post({"events": [event(1), event(2)]}).json == nothing | {"accepted": 2}
    answer = post({"events": [event(1), event(3)]})
    assert (answer.status_code, answer.json) == (200, nothing | {"accepted": 1, "duplicates": 1})
    assert stored() == [("e1", 2), ("e2", 2), ("e3", 2)]


def test_a_correction_is_told_apart_from_a_repeat(post):
    post({"events": [event(1), event(2)]})
    answer = post({"events": [event(1, quantity=5, replace=True), event(2), event(3, replace=True)]})
    assert answer.json == {"accepted": 1, "corrected": 1, "duplicates": 1, "rejected": []}
    totals = db.session.scalars(select(DailyUsage.totals)).one()
    assert sum(totals) == 5 + 2 + 2


def test_a_single_event_needs_no_batch_and_little_to_say(post):
    before = datetime.now(UTC)
    assert post({"id": "e1", "account": "acme", "meter": "events"}).json["accepted"] == 1
    (kept,) = kept_events()
    assert (kept.quantity, kept.person) == (1, None)
    assert db.session.scalars(select(UsageSource.name)).one() == "api"
    assert before <= kept.happened_at <= datetime.now(UTC)


def test_a_batch_may_name_its_source(post):
    post({"source": "shop", "events": [event(1, user="ann")]})
    post({"source": "crm", "events": [event(1)]})
    names = dict(db.session.execute(select(UsageSource.id, UsageSource.name)).all())
    assert {(names[each.source_id], each.person) for each in kept_events()} == {("crm", None), ("shop", "ann")}


def test_an_empty_batch_is_welcome(post):
    assert post({"events": []}).json == {"accepted": 0, "corrected": 0, "duplicates": 0, "rejected": []}


def test_an_offset_that_postgresql_does_not_know_is_understood(post):
    assert post({"events": [event(1, at="2026-11-20T09:00:00-20:54")]}).json["accepted"] == 1
    assert [each.happened_at for each in kept_events()] == [datetime(2026, 11, 21, 5, 54, tzinfo=UTC)]


def test_a_moment_keeps_its_own_offset(post):
    post({"events": [event(1, at="2026-11-20T23:30:00-05:00")]})
    assert [each.happened_at for each in kept_events()] == [datetime(2026, 11, 21, 4, 30, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("record", "pointer"),
    [
        (event(account="nowhere"), "/account"),
        (event(meter="nothing"), "/meter"),
        (event(id=""), "/id"),
        (event(id="x" * 201), "/id"),
        (event(id="a\0b"), "/id"),
        (event(user="\0"), "/user"),
        ({"account": "acme", "meter": "events"}, "/id"),
        (event(quantity="2"), "/quantity"),
        (event(quantity=None), "/quantity"),
        (event(quantity=1e16), "/quantity"),
        (event(at="0001-01-01T00:00:00+20:00"), "/at"),
        (event(at="yesterday"), "/at"),
        (event(at="2026-11-20T09:00:00"), "/at"),
        (event(at="1970-01-01T09:00:00Z"), "/at"),
        (event(at="2062-11-29T09:00:00Z"), "/at"),
        (event(colour="red"), "/colour"),
        ("e1", ""),
        (None, ""),
    ],
)
def test_a_record_that_is_wrong_is_pointed_at_and_the_others_go_in(post, record, pointer):
    answer = post({"events": [event(1), record, event(3)]})
    assert (answer.status_code, answer.json["accepted"]) == (207, 2)
    (refused,) = answer.json["rejected"]
    assert (refused["index"], refused["pointer"]) == (1, f"/events/1{pointer}")
    assert len(refused["detail"]) > 10
    assert [event_id for event_id, _ in stored()] == ["e1", "e3"]


@pytest.mark.parametrize("number", ["1e400", "-1e309"])
def test_a_number_that_no_float_holds_harms_no_other_event(post, number):
    wrong = json.dumps(event(2)).replace('"quantity": 2', f'"quantity": {number}')
    answer = post(b'{"events": [%b, %b]}' % (json.dumps(event(1)).encode(), wrong.encode()))
    assert (answer.status_code, answer.json["accepted"], len(answer.json["rejected"])) == (207, 1, 1)
    assert db.session.scalars(text("SELECT message FROM held_event")).one() == wrong


def test_what_was_refused_for_a_nul_is_not_counted_when_it_is_replayed(post, cast):
    post({"events": [event(1, user="a\0b"), event(2, account="new")]})
    write_accounts("new")
    assert replay(cast.workspace, datetime.now(UTC))[:2] == (1, 1)
    assert stored() == [("e2", 2)]
    assert "a\\u0000b" in db.session.scalars(text("SELECT message FROM held_event WHERE ended_at IS NULL")).one()


def test_a_text_that_only_speaks_of_a_nul_is_kept(post):
    assert post({"events": [event(1, id="a\\u0000b")]}).json["accepted"] == 1
    assert stored() == [("a\\u0000b", 2)]


def test_refusals_come_in_the_order_sent(post):
    answer = post({"events": [event(1, account="x"), event(2, id=""), event(3, meter="y"), event(4, at=1)]})
    assert [each["index"] for each in answer.json["rejected"]] == [0, 1, 2, 3]


def problem(answer):
    """Give status and code of a problem, having looked at its shape (RFC 9457)."""
    body = answer.json
    assert answer.mimetype == "application/problem+json"
    assert {"type", "title", "status", "detail", "instance", "request_id", "code"} <= body.keys()
    assert (body["type"], body["status"], body["instance"]) == ("about:blank", answer.status_code, ADDRESS)
    assert body["request_id"] == answer.headers["X-Request-ID"]
    return answer.status_code, body["code"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b'{"events": 1}',
        b'{"events": [], "extra": 1}',
        b'{"events": [], "source": ""}',
        b"\xff\xfe",
        b"[" * 20_000,
        b'{"events": ' + b"[" * 20_000,
    ],
)
def test_a_body_that_is_no_batch_is_refused_whole(post, body):
    assert problem(post(body)) == (400, "bad_body")
    assert stored() == []


def test_more_events_than_a_request_takes_are_refused_whole(post):
    assert problem(post({"events": [event(n) for n in range(api.MOST_EVENTS + 1)]})) == (413, "too_many_events")
    assert stored() == []
    assert post({"events": [event(n) for n in range(api.MOST_EVENTS)]}).json["accepted"] == api.MOST_EVENTS


def test_a_body_may_be_gzipped(post):
    data = gzip.compress(json.dumps({"events": [event(1)]}).encode())
    assert post(data, Content_Encoding="gzip").json["accepted"] == 1


@pytest.mark.parametrize(
    "spoil", [lambda data: b"not gzip", lambda data: data[:-20], lambda data: b"\x1f\x8b" + data[:9]]
)
def test_a_body_that_is_not_the_gzip_it_says_is_refused(post, spoil):
    data = gzip.compress(json.dumps({"events": [event(n) for n in range(50)]}).encode())
    status, code = problem(post(spoil(data), Content_Encoding="gzip"))
    assert (status, code) in {(400, "bad_gzip"), (400, "bad_body")}
    assert stored() == []


def test_a_small_gzip_of_something_huge_is_not_unpacked(post):
    bomb = gzip.compress(b" " * (64 * 1024 * 1024))
    assert len(bomb) < 100_000
    assert problem(post(bomb, Content_Encoding="gzip")) == (413, "too_large")
    assert problem(post(b" " * (bodies.MOST_ON_WIRE + 1))) == (413, "too_large")


@pytest.mark.parametrize("secret", ["", "prn_1_wrong", "prn_99999999999999999999_x", "Basic x", "prn__"])
def test_a_key_that_is_unknown_opens_nothing(post, secret):
    assert problem(post({"events": [event(1)]}, secret=secret)) == (401, "bad_key")


def test_a_revoked_key_opens_nothing_once_the_moment_it_is_remembered_for_is_over(post, key, monkeypatch):
    assert guard.REMEMBER_S <= 1
    monkeypatch.setattr(guard, "REMEMBER_S", 0)
    assert post({"events": [event(1)]}).status_code == 200
    db.session.get_one(ApiKey, (key[0].workspace_id, key[0].id)).revoked_at = datetime.now(UTC)
    db.session.flush()
    assert problem(post({"events": [event(2)]})) == (401, "bad_key")
    assert stored() == [("e1", 2)]


def test_a_key_without_the_scope_is_told_which_it_lacks(post, cast):
    other = ApiKey(
        name="reader",
        prefix="prn",
        secret_hash=keys.hash_secret("s" * 30),
        scopes=["accounts:read"],
        created_by=cast.admin.id,
    )
    db.session.add(other)
    db.session.flush()
    answer = post({"events": [event(1)]}, secret=f"prn_{cast.workspace.id}_{'s' * 30}")
    assert problem(answer) == (403, "scope")
    assert "usage:write" in answer.json["detail"]


def test_a_key_goes_in_either_header(client, key):
    answer = client.post(ADDRESS, json=event(1), headers={"X-Api-Key": key[1]})
    assert answer.json["accepted"] == 1


def test_the_key_writes_to_its_own_workspace_only(post, cast, client):
    with tenancy.workspace(cast.elsewhere.id):
        _, theirs = keys.make_key("theirs", ["usage:write"], cast.outsider.id)
    answer = post({"events": [event(1)]}, secret=theirs)
    assert [each["pointer"] for each in answer.json["rejected"]] == ["/events/0/account"]
    assert stored() == []


def test_a_database_that_is_away_is_said_to_be_so_with_when_to_come_again(post, monkeypatch):
    def away(*_):
        raise OperationalError("SELECT 1", {}, ConnectionError("gone"))

    monkeypatch.setattr(taking, "store", away)
    answer = post({"events": [event(1)]})
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
    assert 5 <= int(answer.headers["Retry-After"]) <= 60


def test_a_value_no_column_can_hold_is_the_senders_fault_and_not_ours(post, monkeypatch):
    monkeypatch.setattr(taking, "store", lambda *_: db.session.execute(text("SELECT CAST('x' AS bigint)")))
    assert problem(post({"events": [event(1)]})) == (400, "value")


def test_what_is_answered_is_small_and_never_kept_by_a_proxy(post):
    answer = post({"events": [event(n) for n in range(500)]})
    assert len(answer.data) < 100
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_batch_under_another_name_is_refused_as_a_whole(post):
    answer = post({"source": "web", "event": [event(1)]})
    assert (answer.status_code, "`events`" in answer.json["detail"]) == (400, True)
    assert stored() == []


def test_of_requests_stored_together_each_hears_of_its_own_events(committed, workspace):
    write_accounts("acme")
    ensure_meters(["events"])
    nobodys, wrong = event(3, account="nobody"), event(4, quantity="many")
    requests = [
        taking.judge([json.dumps(each).encode() for each in request], NOW)
        for request in ([event(1), nobodys], [wrong, event(1), event(2)], [event(5)])
    ]
    first, second, third = taking.store_all("api", requests, NOW, "UTC")

    assert (first.accepted, first.duplicates, first.fresh) == (1, 0, {0})
    assert [(each.index, each.field) for each in first.refused] == [(1, "account")]
    assert (second.accepted, second.duplicates, second.fresh) == (1, 1, {2})
    assert [(each.index, each.field) for each in second.refused] == [(0, "quantity")]
    assert (third.accepted, third.duplicates, third.refused) == (1, 0, [])
    assert [each.event_id for each in kept_events()] == ["e1", "e2", "e5"]


def test_the_newest_events_come_first_in_the_order_in_which_they_were_sent(post):
    post({"events": [event(n, quantity=n) for n in range(1, 31)]})
    post({"events": [event(n, quantity=n) for n in range(31, 35)]})
    post({"source": "shop", "events": [event(n, quantity=n) for n in range(1, 4)]})
    newest = recent_events(12)
    assert [each.quantity for each in newest] == [3, 2, 1, 34, 33, 32, 31, 30, 29, 28, 27, 26]
    assert {each.source for each in newest[:3]} == {"shop"}
    assert [each.quantity for each in recent_events(2, source="api")] == [34, 33]
