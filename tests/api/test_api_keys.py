"""Who may ask: a key opens what its scopes say, in its own workspace, as often as its limit allows."""

import pytest
from sqlalchemy import text

from app.core.rest import api
from app.extensions import db
from app.identity.guard import SCOPES
from app.identity.keys import make_key
from app.identity.models import ApiKey
from tests.api.conftest import problem

OURS = {
    "external_id": "slate",
    "account": "slate",
    "owner": "ann@example.com",
    "person": "ann@example.com",
    "by": "ann@example.com",
}
OWN_BUSINESS = {
    "POST /held-events/replay",
    "POST /held-events/discard",
    "POST /account-rules",
    "POST /accounts",
    "POST /accounts/bulk",
    "POST /meters",
    "GET /me",
    "GET /movements/bridge",
}
"""What concerns nobody else's rows, whoever asks."""


class Operation:
    """An operation of the document, ready to be asked for."""

    def __init__(self, address, method, said, numbers):
        self.name = f"{method.upper()} {address.removeprefix('/api/v1')}"
        self.method, self.scope = method.upper(), next(iter(said["security"][0]["key"]), None)
        self.path = address.removeprefix("/api/v1").format(**numbers)
        required = [p for p in said["parameters"] if p["in"] == "query" and p["required"]]
        self.query = {p["name"]: "2026-01-01" if p["name"] != "person" else "ann@example.com" for p in required}
        content = said.get("requestBody", {}).get("content", {}).get("application/json")
        self.body = content and {**content["example"], **{k: v for k, v in OURS.items() if k in content["example"]}}

    def ask(self, ask, **kwargs):
        return ask(self.method, self.path, query_string=self.query, json=self.body, **kwargs)


@pytest.fixture
def operations(client, numbers):
    paths = client.get("/api/openapi.json").json["paths"]
    return [Operation(at, method, said, numbers) for at, methods in paths.items() for method, said in methods.items()]


@pytest.mark.parametrize("scope", SCOPES)
def test_a_scope_opens_what_it_should_and_nothing_more(scope, operations, ask, cast):
    _, secret = make_key("narrow", [scope], cast.admin.id)
    for operation in operations:
        answer = operation.ask(ask, secret=secret)
        if operation.scope in {scope, None}:
            assert answer.status_code in {200, 201, 202, 204, 207, 422}, (operation.name, answer.text)
        else:
            assert problem(answer)[:2] == (403, "scope"), operation.name


def test_without_a_key_or_with_a_false_one_nothing_opens(operations, ask):
    for operation in operations:
        assert problem(operation.ask(ask, secret="prn_1_false"))[:2] == (401, "bad_key"), operation.name


def test_the_example_of_every_operation_works(operations, ask):
    """An example names an account `acme`, a contact and people; where they are there, none is refused."""
    assert ask("POST", "/accounts", json={"external_id": "acme", "name": "Acme Ltd"}).status_code == 201
    for operation in operations:
        answer = operation.ask(ask)
        assert answer.status_code < 300 or operation.body is None, (operation.name, answer.text)


def test_a_key_of_another_workspace_finds_and_changes_nothing_of_this_one(operations, ask, their_key):
    before = everything()
    for operation in sorted(operations, key=lambda each: each.name in OWN_BUSINESS):  # they make their own `slate` last
        answer = operation.ask(ask, secret=their_key)
        assert "Slate" not in answer.text, operation.name
        assert "Export fails" not in answer.text, operation.name
        if operation.name not in OWN_BUSINESS and answer.status_code != 404 and not is_empty(answer):
            assert answer.status_code in {207, 422}, (operation.name, answer.text)
    assert everything() == before


def is_empty(answer):
    return answer.status_code == 200 and answer.json.get("data") == []


def everything():
    """Give the rows of this workspace that the API could change, as PostgreSQL sees them."""
    tables = ("account", "account_summary", "contact", "subscription", "movement", "interaction", "meter", "task")
    tables += (
        "completion",
        "snooze",
        "playbook",
        "enrolment",
        "renewal_call",
        "account_rule",
        "daily_usage",
        "usage_batch",
    )
    return {
        table: db.session.execute(
            text(f"SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {table} t")
        ).scalar()
        for table in tables
    }


def test_a_key_learns_who_it_is_whatever_its_scope(ask, cast):
    made, secret = make_key("usage only", ["usage:write"], cast.admin.id)
    me = ask("GET", "/me", secret=secret).json
    assert me["key"] == {"id": made.id, "name": "usage only", "scopes": ["usage:write"]}
    assert (me["workspace"]["name"], me["workspace"]["currency"]) == ("Meridian Software", "USD")


def test_a_read_is_written_down_as_the_keys_last_use(ask, key):
    ask("GET", "/accounts")
    assert db.session.query(ApiKey).filter_by(name="warehouse").one().last_used_at is not None


def test_every_answer_tells_what_is_left(ask):
    first, second = ask("GET", "/me"), ask("GET", "/me")
    assert first.headers["RateLimit-Policy"] == '"default";q=6000;w=60'
    left = [int(answer.headers["X-RateLimit-Remaining"]) for answer in (first, second)]
    assert left[1] == left[0] - 1
    assert second.headers["RateLimit"].startswith(f'"default";r={left[1]};t=')
    assert "Retry-After" not in second.headers


def test_a_noisy_key_is_told_to_wait_and_does_not_slow_another(ask, key, cast, app, monkeypatch):
    _, quiet = make_key("quiet", ["book:read"], cast.admin.id)
    limits = app.extensions["limiter"]
    assert api.RATE == "6000/minute"
    (limiter,) = limits
    monkeypatch.setattr(limiter.limiter, "hit", lambda limit, *names, cost=1: f":{quiet_id(quiet)}" in names[0])
    monkeypatch.setattr(limiter.limiter, "test", limiter.limiter.hit)
    refused = ask("GET", "/accounts")
    assert problem(refused)[0] == 429
    assert int(refused.headers["Retry-After"]) >= 0
    assert ask("GET", "/accounts", secret=quiet).status_code == 200


def quiet_id(secret):
    return db.session.query(ApiKey).filter(ApiKey.name == "quiet").one().id
