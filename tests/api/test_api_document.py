"""The OpenAPI document says of every operation what it is for, what it takes, what it gives and how it refuses."""

import re

import pytest

from app.identity.api import ANY_KEY
from app.identity.guard import SCOPES

PLACE = re.compile("<([^<:]+:)?")


@pytest.fixture
def document(client):
    return client.get("/api/openapi.json").json


@pytest.fixture
def operations(document):
    return {
        f"{method.upper()} {address}": operation
        for address, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def good_answers(operation):
    return [answer for status, answer in operation["responses"].items() if status.startswith("2")]


OTHERS_WORDS = {"openmeter", "lago"}
"""What answers other systems' clients as those expect it is described where they are connected, not here."""


def test_every_route_of_the_api_is_described_and_every_description_has_a_route(app, operations):
    routes = {
        f"{method} {PLACE.sub('{', rule.rule).replace('>', '}')}"
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/") and rule.endpoint.split(".")[0] not in OTHERS_WORDS
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert set(operations) == routes
    assert len(operations) > 40


def test_posting_usage_is_described_though_its_route_stands_elsewhere(operations):
    usage = operations["POST /api/v1/usage"]
    assert {"200", "207", "413"} <= usage["responses"].keys()
    assert usage["security"] == [{"key": ["usage:write"]}]


def test_every_operation_says_what_it_is_for_and_has_a_name_of_its_own(operations):
    assert [
        name for name, each in operations.items() if len(each["summary"]) < 8 or len(each["description"]) < 40
    ] == []
    names = [each["operationId"] for each in operations.values()]
    assert len(set(names)) == len(names)


def test_every_operation_names_the_scope_that_its_guard_asks_for(app, operations):
    for name, operation in operations.items():
        scope = re.search(r"Needs (?:the scope `)?([a-z: ]+)`?\.$", operation["description"])[1]
        assert scope in {*SCOPES, ANY_KEY}, name
        assert operation["security"] == [{"key": [] if scope == ANY_KEY else [scope]}], name


def test_every_body_and_every_answer_has_an_example(operations):
    for name, operation in operations.items():
        contents = [answer["content"]["application/json"] for answer in good_answers(operation) if "content" in answer]
        if "requestBody" in operation:
            contents.append(operation["requestBody"]["content"]["application/json"])
        assert contents or name.startswith("DELETE"), name
        assert all(content["example"] for content in contents), name


def test_every_operation_documents_how_it_refuses_as_a_problem(operations):
    for name, operation in operations.items():
        refusals = {status: each for status, each in operation["responses"].items() if status[0] in "45"}
        assert {"400", "401", "403", "429", "500", "503"} <= refusals.keys(), name
        assert ("404" in refusals) == ("{" in name), name
        assert all(list(each["content"]) == ["application/problem+json"] for each in refusals.values()), name
        assert all(each["content"]["application/problem+json"]["example"] for each in refusals.values()), name


def test_every_change_takes_an_idempotency_key_and_every_read_a_condition(operations):
    for name, operation in operations.items():
        headers = {each["name"] for each in operation["parameters"] if each["in"] == "header"}
        wanted = {"GET": {"If-None-Match"}, "PATCH": {"If-Match", "Idempotency-Key"}}
        assert headers == (
            set() if name == "POST /api/v1/usage" else wanted.get(name.split()[0], {"Idempotency-Key"})
        ), name


def test_lists_say_that_they_come_in_pages(operations):
    paged = [name for name, each in operations.items() if any(p["name"] == "cursor" for p in each["parameters"])]
    assert len(paged) > 8
    for name in paged:
        assert "Link" in good_answers(operations[name])[0]["headers"], name


def test_the_way_in_is_described_and_the_document_holds_no_null(document):
    """A null where schemes should be is refused by other tools."""
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert document["tags"]
    assert all(tag["description"] for tag in document["tags"])


def test_the_document_says_nothing_of_any_workspace_and_needs_no_key(client, accounts):
    answer = client.get("/api/openapi.json")
    assert answer.status_code == 200
    assert "Meridian" not in answer.text


def test_the_page_shows_every_operation_with_its_fields(client, operations):
    page = client.get("/api/docs").text
    for operation in operations.values():
        assert f'id="{operation["operationId"]}"' in page
    assert "Its id in your own systems: it stays the same." in page
    assert "http://localhost/api/v1/me" in page
    assert "https://" not in page.replace("https://www.w3.org", "")


def test_the_settings_of_keys_lead_to_the_page(sign_in, cast):
    assert 'href="/api/docs"' in sign_in(cast.admin).get("/settings/keys").text


def test_what_an_address_may_leave_out_is_never_null_in_it(operations):
    schemas = [each["schema"] for operation in operations.values() for each in operation["parameters"]]
    assert [schema for schema in schemas if "anyOf" in schema or schema.get("default", 0) is None] == []
