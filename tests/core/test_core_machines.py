"""Doors that machines send events through: what guards an answer stands there, what is only for people does not."""

import pytest

from app.identity import keys

EVENT = {"id": "e1", "account": "acme", "meter": "events"}


@pytest.fixture
def key(cast):
    return keys.make_key("crm", ["usage:write"], cast.admin.id)[1]


@pytest.mark.parametrize("secret", ["right", "wrong"])
@pytest.mark.parametrize("address", ["/api/v1/usage", "/v1/track"])
def test_an_answer_to_a_machine_is_guarded_numbered_and_timed(client, key, address, secret):
    headers = {"Authorization": f"Bearer {key if secret == 'right' else secret}", "X-Request-ID": "abc-1"}
    answer = client.post(address, json=EVENT, headers=headers)
    assert (answer.status_code == 401) == (secret == "wrong")
    assert answer.headers["X-Request-ID"] == "abc-1"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")
    assert answer.headers["Server-Timing"].startswith("app;dur=")


def test_a_machine_gets_no_session_and_no_limit_of_requests(client, key):
    answers = [client.post("/api/v1/usage", json=EVENT, headers={"Authorization": f"Bearer {key}"}) for _ in range(2)]
    names = {name.lower() for answer in answers for name, _ in answer.headers}
    assert names.isdisjoint({"set-cookie", "vary", "ratelimit", "x-ratelimit-limit"})


def test_what_the_blueprint_itself_adds_is_added(client, key):
    answer = client.post("/v1/track", json={"userId": "ann", "event": "seen"}, headers={"X-Api-Key": key})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_a_cookie_still_opens_a_session(client, cast):
    with client.session_transaction() as session:
        session["workspace_id"] = cast.workspace.id
    client.get("/livez")
    with client.session_transaction() as session:
        assert session["workspace_id"] == cast.workspace.id
