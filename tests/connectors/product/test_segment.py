"""The Segment protocol, as servers, browsers and RudderStack's libraries send it."""

import gzip
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, text

from app.accounts.intake import recording
from app.accounts.models import Account, Contact
from app.core import clock, queue
from app.extensions import db
from app.usage import metering
from app.usage.intake.sourcing import fold_intake
from app.usage.models import EventName
from tests.connectors.product.conftest import active, counted, held, people, totals

AT = "2026-11-20T12:00:00.000Z"


def call(kind, n=1, **fields):
    return {"type": kind, "messageId": f"m-{n}", "userId": "user-42", "timestamp": AT, "context": {}} | fields


def track(n=1, event="Report Exported", group="acme", **fields):
    return call("track", n, event=event, context={"groupId": group} if group else {}, **fields)


def group(n=1, **fields):
    return call("group", n, groupId="acme", traits={"name": "Acme Inc"}) | fields


def test_a_batch_of_a_server_makes_account_person_and_usage(send, basic):
    batch = [
        call("identify", 1, traits={"email": "ada@acme.test", "name": "Ada", "plan": "pro"}),
        call("group", 2, groupId="new-co", traits={"name": "New Co", "plan": "enterprise", "employees": 120}),
        track(3, group="new-co", properties={"rows": 1200}),
        call("page", 4, name="Home", properties={"url": "https://acme.test/"}),
    ]
    answer = send("/v1/batch", {"batch": batch, "sentAt": None}, basic)
    assert (answer.status_code, answer.json) == (200, {"success": True})
    made = db.session.scalars(select(Account).where(Account.external_id == "new-co")).one()
    assert (made.name, made.tier, made.custom) == ("New Co", "enterprise", {"employees": 120})
    assert people() == {"user-42": ("new-co", "Ada", "ada@acme.test")}
    assert counted("product_events", "new-co") == 2
    assert active() == {("new-co", "user-42")}
    assert held() == []


def test_what_is_sent_again_with_a_new_sent_at_counts_once(send, basic):
    for minute in range(3):
        now = clock.utc_now() + timedelta(seconds=minute)
        send("/v1/batch", {"batch": [track(1), track(2)], "sentAt": now.isoformat()}, basic)
    assert counted("product_events") == 2


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/json"])
def test_the_address_says_the_format_whatever_the_content_type(send, key, content_type):
    body = track(1) | {"writeKey": key}
    del body["type"]
    assert send("/v1/t", body, content_type=content_type).json == {"success": True}
    assert counted("product_events") == 1


def test_what_is_kept_holds_no_key(send, key):
    send("/v1/t", track(1, group="nowhere") | {"writeKey": key})
    assert held() == [("segment", "account", "nowhere")]
    assert key not in str(db.session.execute(text("SELECT message FROM held_event")).scalar_one())


def test_a_gzipped_body_is_unpacked(send, basic):
    import json

    data = gzip.compress(json.dumps({"batch": [track(1)]}).encode())
    answer = send("/v1/batch", data, basic | {"Content-Encoding": "gzip"}, "application/x-www-form-urlencoded")
    assert answer.status_code == 200
    assert counted("product_events") == 1


def test_traits_in_the_context_count_too(send, basic):
    send("/v1/batch", {"batch": [group(1), call("identify", 2, context={"traits": {"email": "ada@acme.test"}})]}, basic)
    assert people()["user-42"][2] == "ada@acme.test"


def test_an_identify_may_name_its_company(send, basic):
    company = {"id": "initech", "name": "Initech"}
    send("/v1/batch", {"batch": [call("identify", 1, traits={"name": "Bill", "company": company})]}, basic)
    assert people() == {"user-42": ("initech", "Bill", None)}


def test_who_is_linked_once_needs_no_group_on_later_events(send, basic):
    send("/v1/batch", {"batch": [group(1)]}, basic)
    send("/v1/batch", {"batch": [track(2, group=None)]}, basic)
    assert counted("product_events") == 1


def test_a_person_whose_account_is_unknown_is_held_and_counted_once_it_is_told(send, basic, replay):
    send("/v1/batch", {"batch": [track(1, group=None), call("identify", 2, traits={"name": "Ada"})]}, basic)
    assert held() == [("segment", "person", "user-42")] * 2
    send("/v1/batch", {"batch": [group(3)]}, basic)
    assert replay() == (2, 2)
    assert (counted("product_events"), people()["user-42"][1]) == (1, "Ada")
    assert replay() == (0, 0)


def test_a_person_told_of_a_moment_before_their_company_is_known_with_it(send, basic, replay):
    first, then = "2026-11-20T12:00:00.000Z", "2026-11-20T12:00:00.040Z"
    identify = call("identify", 1, traits={"name": "Ada", "email": "ada@acme.test"}, timestamp=first)
    send("/v1/batch", {"batch": [identify]}, basic)
    send("/v1/batch", {"batch": [group(2, timestamp=then)]}, basic)
    assert _asked_for() == [{"reason": "person", "value": "user-42"}]
    assert replay(**_asked_for()[0]) == (1, 1)
    assert people() == {"user-42": ("acme", "Ada", "ada@acme.test")}


def test_a_person_whose_company_only_an_event_names_is_known_with_it(send, basic, replay):
    send("/v1/batch", {"batch": [call("identify", 1, traits={"name": "Ada"}), track(2, group=None)]}, basic)
    send("/v1/batch", {"batch": [track(3, timestamp="2026-11-20T13:00:00Z")]}, basic)
    assert replay(**_asked_for()[0]) == (2, 2)
    assert (people(), counted("product_events")) == ({"user-42": ("acme", "Ada", None)}, 2)


def test_events_that_came_before_their_account_are_replayed_when_it_is_told_of(send, basic, replay):
    send("/v1/batch", {"batch": [track(1, group="new-co")]}, basic)
    assert _asked_for() == []
    send("/v1/batch", {"batch": [group(2, groupId="new-co")]}, basic)
    assert _asked_for() == [{"reason": "account", "value": "new-co"}]
    assert replay(**_asked_for()[0]) == (1, 1)
    assert counted("product_events", "new-co") == 1


def test_many_who_waited_are_looked_at_by_one_job(send, basic):
    waiting = [track(n, group=None, userId=f"u-{n}") for n in range(21)]
    send("/v1/batch", {"batch": waiting}, basic)
    send("/v1/batch", {"batch": [track(n + 100, userId=f"u-{n}") for n in range(21)]}, basic)
    assert _asked_for() == [{"reason": "person", "value": None}]


def _asked_for():
    query = select(queue.Job.args).where(queue.Job.name == "replay_held").order_by(queue.Job.id)
    return db.session.scalars(query).all()


def test_an_email_domain_that_one_account_has_says_whose_it_is(send, basic):
    db.session.execute(text("UPDATE account SET domain = 'acme.test'"))
    send("/v1/batch", {"batch": [call("identify", 1, traits={"email": "ada@ACME.test"})]}, basic)
    assert people()["user-42"][0] == "acme"


def test_somebody_who_refused_is_kept_by_id_alone(send, basic):
    consent = {"consent": {"categoryPreferences": {"Analytics": False, "Advertising": True}}}
    traits = {"email": "ada@acme.test", "name": "Ada"}
    send("/v1/batch", {"batch": [group(1), call("identify", 2, traits=traits)]}, basic)
    assert people()["user-42"] == ("acme", "Ada", "ada@acme.test")
    later = {"timestamp": "2026-11-20T13:00:00Z", "context": consent}
    send("/v1/batch", {"batch": [call("identify", 3, traits=traits) | later]}, basic)
    assert people()["user-42"] == ("acme", "user-42", None)
    kept = db.session.scalars(select(Contact)).one()
    assert kept.consents == {"Analytics": False, "Advertising": True}


def test_older_traits_that_come_late_change_nothing(send, basic):
    newer, older = "2026-11-20T13:00:00Z", "2026-11-20T11:00:00Z"
    send(
        "/v1/batch", {"batch": [group(1, timestamp=newer, groupId="new", traits={"name": "New", "tier": "pro"})]}, basic
    )
    send(
        "/v1/batch",
        {"batch": [group(2, timestamp=older, groupId="new", traits={"name": "Old", "country": "FR"})]},
        basic,
    )
    told = account("new")
    assert (told.name, told.tier, told.country) == ("New", "pro", None)


def test_the_newest_word_replaces_what_was_told_before_and_nothing_that_others_wrote(send, basic):
    db.session.execute(text("UPDATE account SET industry = 'Retail', custom = '{\"seats\": 3}'"))
    for n, hour in ((1, 13), (2, 14)):
        traits = {"name": f"Name {n}", "industry": f"Industry {n}", "country": f"C{n}", "seats": 10 * n, "size": n}
        told = group(n, timestamp=f"2026-11-20T{hour}:00:00Z", traits=traits)
        send("/v1/batch", {"batch": [told, told | {"messageId": f"new {n}", "groupId": "new"}]}, basic)
    acme, new = account("acme"), account("new")
    assert (acme.name, acme.industry, acme.country, acme.custom) == ("Acme", "Retail", "C2", {"seats": 3, "size": 2})
    assert (new.name, new.industry, new.country, new.custom) == ("Name 2", "Industry 2", "C2", {"seats": 20, "size": 2})
    db.session.execute(text("UPDATE account SET name = 'By hand'"))
    send("/v1/batch", {"batch": [group(3, groupId="new", timestamp="2026-11-20T15:00:00Z")]}, basic)
    assert account("new").name == "By hand"


def test_a_person_whom_others_wrote_down_stays_who_and_where_they_are(send, basic):
    recording.record_contacts(
        [{"external_id": "user-42", "account": "acme", "name": "Ada", "title": None}], clock.utc_now()
    )
    traits = {"name": "Eve", "email": "eve@evil.test", "title": "Boss"}
    send("/v1/batch", {"batch": [call("identify", 1, traits=traits), group(2, groupId="new")]}, basic)
    assert people()["user-42"] == ("acme", "Ada", "eve@evil.test")


def account(name):
    found = db.session.scalars(select(Account).where(Account.external_id == name)).one()
    db.session.refresh(found)
    return found


def test_one_call_fills_in_what_another_left_out(send, basic):
    send("/v1/batch", {"batch": [group(1, groupId="new", traits={"name": "Acme Inc"})]}, basic)
    send(
        "/v1/batch", {"batch": [group(2, groupId="new", timestamp="2026-11-20T13:00:00Z", traits={"seats": 5})]}, basic
    )
    assert (account("new").name, account("new").custom) == ("Acme Inc", {"seats": 5})


def test_a_person_before_and_after_signing_in_is_one(send, basic):
    anonymous = {"userId": None, "anonymousId": "anon-1"}
    send("/v1/batch", {"batch": [track(1) | anonymous, track(2)]}, basic)
    assert active() == {("acme", "anon-1"), ("acme", "user-42")}
    send("/v1/batch", {"batch": [call("alias", 3, previousId="anon-1")]}, basic)
    assert active() == {("acme", "user-42")}
    send("/v1/batch", {"batch": [track(4) | anonymous]}, basic)
    assert active() == {("acme", "user-42")}


def test_a_clock_that_is_off_is_put_right(send, basic):
    wrong = {"timestamp": "2019-01-01T00:00:00Z"}
    send("/v1/batch", {"batch": [track(1) | wrong], "sentAt": "2019-01-01T00:00:05Z"}, basic)
    ((_, _, day),) = totals()
    assert day in {clock.utc_now().date(), (clock.utc_now() - timedelta(seconds=6)).date()}


def test_history_sent_today_stays_on_its_own_days(send, basic):
    now = datetime.now(UTC).isoformat()
    send("/v1/batch", {"batch": [track(1) | {"timestamp": "2024-02-29T08:00:00+00:00"}], "sentAt": now}, basic)
    assert totals() == {("acme", "product_events", date(2024, 2, 29)): 1}


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"type": "track", "userId": "u"}, "value"),
        ({"type": "dance", "userId": "u"}, "value"),
        ("track", "value"),
        (track(1, group=None) | {"userId": None}, "value"),
        (track(1) | {"timestamp": "yesterday"}, "value"),
        (track(1) | {"properties": [1]}, "value"),
        (track(1) | {"userId": {"id": 1}}, "value"),
        (track(1) | {"event": "a\0b"}, "value"),
        (call("group", 1), "value"),
    ],
)
def test_a_message_that_is_wrong_is_held_with_its_reason_and_harms_no_other(send, basic, message, reason):
    answer = send("/v1/batch", {"batch": [track(7), message, track(8)]}, basic)
    assert answer.status_code == 200
    assert [each[1] for each in held()] == [reason]
    assert counted("product_events") == 2


def test_a_rule_counts_one_event_by_a_property(send, basic):
    send("/v1/batch", {"batch": [track(1)]}, basic)
    from app.usage.intake.ingesting import ensure_meters

    ensure_meters(["rows_exported"])
    metering.make_rule("rows_exported", "Report Exported", {"format": "pdf"}, "rows")
    pdf = {"format": "pdf", "rows": "1200"}
    batch = [track(2, properties=pdf), track(3, properties={"format": "csv", "rows": 5}), track(4, event="Other")]
    batch += [track(5, properties={"format": "pdf", "rows": "many"})]
    send("/v1/batch", {"batch": batch}, basic)
    assert (counted("rows_exported"), counted("product_events")) == (1200, 4)
    assert held() == [("segment", "value", "Report Exported")]


def test_names_of_events_are_noted_for_people_to_choose_from(send, basic):
    send("/v1/batch", {"batch": [track(1), track(2), track(3, event="Signed In"), group(4)]}, basic)
    fold_intake(clock.utc_now())
    seen = db.session.execute(select(EventName.name, EventName.seen).order_by(EventName.name)).all()
    assert seen == [("Report Exported", 2), ("Signed In", 1)]


def test_the_accounts_concerned_are_scored_soon(send, basic):
    send("/v1/batch", {"batch": [track(1)]}, basic)
    assert "score_touched" in db.session.scalars(select(queue.Job.name)).all()


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"batch": 1}', b"null"])
def test_a_body_that_cannot_be_read_is_answered_400_and_kept_to_be_looked_at(send, basic, body):
    answer = send("/v1/batch", body, basic)
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert {"code", "message"} <= answer.json.keys()


def test_a_body_that_is_not_json_is_kept(send, basic):
    send("/v1/batch", b'{"batch": [', basic)
    assert held() == [("segment", "body", "")]


def test_more_messages_than_a_request_takes_are_refused_whole(send, basic):
    answer = send("/v1/batch", {"batch": [track(n) for n in range(2_501)]}, basic)
    assert (answer.status_code, answer.json["code"]) == (413, "too_many_events")
    assert totals() == {}


def test_a_key_that_is_wrong_is_told_so_in_words_that_clients_read(send):
    answer = send("/v1/batch", {"batch": []}, {"Authorization": "Basic d3Jvbmc6"})
    assert (answer.status_code, answer.json["code"]) == (401, "bad_key")
    assert answer.json["message"]


def test_a_browser_on_another_origin_may_ask_and_send(client, key):
    asked = client.open(
        "/v1/t", method="OPTIONS",
        headers={"Origin": "https://app.example", "Access-Control-Request-Headers": "authorization"},
    )  # fmt: skip
    assert (asked.status_code, asked.headers["Access-Control-Allow-Origin"]) == (200, "*")
    assert asked.headers["Access-Control-Allow-Headers"] == "authorization"
    assert "Access-Control-Allow-Credentials" not in asked.headers
    assert client.post("/v1/t", json={}).headers["Access-Control-Allow-Origin"] == "*"


def test_a_key_sends_to_its_own_workspace_only(send, basic, cast):
    from app.core import tenancy

    with tenancy.workspace(cast.elsewhere.id):
        _, theirs = __import__("app.identity.keys", fromlist=["make_key"]).make_key("x", ["usage:write"], None)
    send("/v1/t", track(1) | {"writeKey": theirs})
    assert (totals(), held()) == ({}, [])
