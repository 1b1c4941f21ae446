"""Accounts by machine: made and changed by their external id, one by one or many at once, found as on the page."""

import json

import pytest
from sqlalchemy import func, select, text

from app.accounts import portfolio
from app.accounts.models import Account, AccountSummary
from app.core.queue import Job
from app.extensions import db
from tests.api.conftest import problem, trail


def names(answer):
    assert answer.status_code == 200, answer.text
    return [each["name"] for each in answer.json["data"]]


def test_an_account_is_made_once_and_known_when_sent_again(ask, accounts):
    body = {"external_id": "acme", "name": "Acme Ltd", "domain": "acme.example", "custom": {"nps": 42, "vip": True}}
    made = ask("POST", "/accounts", json=body)
    assert made.status_code == 201
    assert made.headers["Location"] == f"/api/v1/accounts/{made.json['id']}"
    assert {name: made.json[name] for name in body} == body
    assert (made.json["stage"], made.json["band"], made.json["arr_minor"]) == ("prospect", "unknown", 0)
    again = ask("POST", "/accounts", json=body)
    assert (again.status_code, again.json["id"]) == (200, made.json["id"])


def test_what_is_left_out_stays_and_null_empties(ask, accounts):
    ask("POST", "/accounts", json={"external_id": "acme", "name": "Acme Ltd", "tier": "gold", "country": "DE"})
    after = ask(
        "POST", "/accounts", json={"external_id": "acme", "country": None, "owner_email": "ANN@example.com"}
    ).json
    assert (after["name"], after["tier"], after["country"], after["owner_email"]) == (
        "Acme Ltd",
        "gold",
        None,
        "ann@example.com",
    )


def test_an_account_without_a_name_is_called_by_its_id(ask, accounts):
    assert ask("POST", "/accounts", json={"external_id": "acme"}).json["name"] == "acme"


def test_a_made_account_is_in_the_list_found_by_words_audited_and_scored_soon(ask, accounts):
    made = ask("POST", "/accounts", json={"external_id": "acme", "name": "Zebra Works"}).json
    assert names(ask("GET", "/accounts?q=zeb")) == ["Zebra Works"]
    (entry,) = [entry for entry in trail() if entry.subject == "account"]
    assert (entry.act, entry.actor, entry.actor_id, entry.subject_id) == ("created", "key warehouse", None, made["id"])
    assert db.session.scalars(select(Job.name).where(Job.unique_key == "touched")).all() == ["score_touched"]
    touched = db.session.scalars(text("SELECT unnest(account_ids) FROM touched_account")).all()
    assert made["id"] in touched


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/external_id"]),
        ({"external_id": 1}, ["/external_id"]),
        ({"external_id": ""}, ["/external_id"]),
        ({"external_id": "a\0"}, ["/external_id"]),
        ({"external_id": "a", "nme": "x", "tier": 1}, ["/tier", "/nme"]),
        ({"external_id": "a", "name": None}, ["/name"]),
        ({"external_id": "a", "signed_up_on": "yesterday"}, ["/signed_up_on"]),
        ({"external_id": "a", "signed_up_on": "1800-01-01"}, ["/signed_up_on"]),
        ({"external_id": "a", "custom": {"a/b~": [1]}}, ["/custom/a~1b~0"]),
        ({"external_id": "a", "owner_email": "no address"}, ["/owner_email"]),
        ({"external_id": "a", "owner_email": "stranger@example.com"}, ["/owner_email"]),
        ({"external_id": "a", "parent": "nowhere"}, ["/parent"]),
    ],
)
def test_what_cannot_be_used_is_pointed_at(ask, accounts, body, pointers):
    before = db.session.scalar(select(func.count()).select_from(Account))
    refused = ask("POST", "/accounts", json=body)
    status, code, places = problem(refused)
    assert (status, sorted(places)) == (422, sorted(pointers))
    assert code in {"validation", "unknown_reference"}
    assert all(len(each["detail"]) > 15 for each in refused.json["errors"])
    assert db.session.scalar(select(func.count()).select_from(Account)) == before


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"external_id": "a",}'])
def test_a_body_that_is_no_json_is_said_to_be_so(ask, accounts, body):
    assert problem(ask("POST", "/accounts", data=body))[:2] == (400, "bad_body")


def test_a_body_is_read_whatever_it_says_of_its_type_but_not_beyond_its_size(ask, accounts):
    body = json.dumps({"external_id": "acme"})
    assert ask("POST", "/accounts", data=body, content_type="text/plain").status_code == 201
    assert ask("POST", "/accounts", data=" " * (5 * 1024 * 1024)).status_code == 413


# --- one account ---


def test_an_account_is_shown_with_its_summary(ask, accounts):
    shown = ask("GET", f"/accounts/{accounts.slipping.id}").json
    assert (shown["external_id"], shown["owner_email"], shown["arr_minor"]) == ("slate", "ann@example.com", 24_000_00)
    assert (shown["band"], shown["score"], shown["risk"], shown["at_stake_minor"]) == ("watch", 47.0, 0.31, 7_440_00)


@pytest.mark.parametrize("number", ["0", "999999", "9" * 30, "x", "-1", "1.0"])
def test_an_account_that_is_not_there_is_not_found(ask, accounts, number):
    assert problem(ask("GET", f"/accounts/{number}"))[0] == 404


def test_a_change_touches_only_what_it_names(ask, accounts):
    address = f"/accounts/{accounts.slipping.id}"
    before = ask("GET", address).json
    after = ask("PATCH", address, json={"tier": "gold", "parent": "thornfield"}).json
    assert {name for name in before if before[name] != after[name]} == {"tier", "parent", "updated_at"}
    assert (after["tier"], after["parent"]) == ("gold", "thornfield")
    assert [entry.changes for entry in trail() if entry.act == "updated"] == [{"fields": ["parent", "tier"]}]
    assert (
        db.session.scalar(select(AccountSummary.tier).where(AccountSummary.account_id == accounts.slipping.id))
        == "gold"
    )


def test_a_change_to_what_it_is_already_is_none(ask, accounts):
    address = f"/accounts/{accounts.slipping.id}"
    before = ask("GET", address)
    assert ask("PATCH", address, json={"tier": "standard"}).data == before.data
    assert [entry for entry in trail() if entry.act == "updated"] == []


def test_a_change_that_refers_to_nobody_changes_nothing(ask, accounts):
    address = f"/accounts/{accounts.slipping.id}"
    refused = ask("PATCH", address, json={"tier": "gold", "owner_email": "stranger@example.com"})
    assert problem(refused) == (422, "unknown_reference", ["/owner_email"])
    assert ask("GET", address).json["tier"] == "standard"


# --- many at once ---


def test_records_of_a_batch_are_judged_one_by_one(ask, accounts):
    batch = [
        {"external_id": "acme", "name": "Acme Ltd"},
        {"external_id": "acme-eu", "parent": "acme", "custom": {"region": "eu"}},
        {"external_id": "slate", "tier": "gold"},
        {"external_id": "thornfield"},
        {"external_id": "lost", "owner_email": "stranger@example.com"},
        {"external_id": 7},
        {"external_id": "acme", "name": "Twice"},
        {"external_id": "orphan", "parent": "lost"},
        "nonsense",
    ]
    answer = ask("POST", "/accounts/bulk", json={"accounts": batch})
    assert answer.status_code == 207
    told = answer.json
    assert [each["outcome"] for each in told["results"]] == [
        *("created", "created", "updated", "unchanged", "refused", "refused", "refused", "refused", "refused")
    ]
    assert {name: told[name] for name in ("created", "updated", "unchanged", "refused")} == {
        "created": 2, "updated": 1, "unchanged": 1, "refused": 5,
    }  # fmt: skip
    assert [[error["pointer"] for error in each["errors"]] for each in told["results"][4:]] == [
        ["/accounts/4/owner_email"], ["/accounts/5/external_id"], ["/accounts/6/external_id"],
        ["/accounts/7/parent"], ["/accounts/8"],
    ]  # fmt: skip
    child = ask("GET", f"/accounts/{told['results'][1]['id']}").json
    assert (child["parent"], child["custom"], child["name"]) == ("acme", {"region": "eu"}, "acme-eu")
    assert ask("GET", f"/accounts/{accounts.slipping.id}").json["name"] == "Slate & Sons"


def test_a_batch_sent_again_changes_nothing_and_is_answered_with_200(ask, accounts):
    batch = {"accounts": [{"external_id": f"a{n}", "name": f"Account {n}"} for n in range(50)]}
    assert ask("POST", "/accounts/bulk", json=batch).json["created"] == 50
    again = ask("POST", "/accounts/bulk", json=batch)
    assert (again.status_code, again.json["unchanged"], again.json["results"][0]["outcome"]) == (200, 50, "unchanged")
    assert [each.changes["unchanged"] for each in trail() if each.subject == "accounts in bulk"] == [0, 50]


def test_more_than_a_thousand_are_refused_whole(ask, accounts):
    batch = {"accounts": [{"external_id": f"a{n}"} for n in range(1_001)]}
    assert problem(ask("POST", "/accounts/bulk", json=batch)) == (413, "too_many", ["/accounts"])
    assert names(ask("GET", "/accounts?external_id=a1")) == []


@pytest.mark.parametrize(
    ("body", "status"),
    [([], 422), ({}, 422), ({"accounts": 1}, 422), ({"accounts": [], "more": 1}, 422), ({"accounts": []}, 200)],
)
def test_a_batch_of_another_shape_is_refused_and_an_empty_one_welcome(ask, accounts, body, status):
    assert ask("POST", "/accounts/bulk", json=body).status_code == status


# --- the list ---


def test_the_filters_are_those_of_the_page(ask, accounts, cast):
    assert set(names(ask("GET", "/accounts?paying=true"))) == {
        *("Thornfield Logistics", "Newbridge Health", "Slate & Sons", "Silva Imports"),
    }
    assert names(ask("GET", "/accounts?band=watch")) == ["Slate & Sons"]
    assert names(ask("GET", "/accounts?stage=former")) == ["Chandler Media"]
    assert names(ask("GET", "/accounts?risk=50")) == ["Silva Imports"]
    assert names(ask("GET", "/accounts?arr=30000&sort=name")) == ["Newbridge Health", "Thornfield Logistics"]
    assert names(ask("GET", "/accounts?plan=growth&tier=standard&sort=-risk"))[0] == "Silva Imports"
    assert len(names(ask("GET", "/accounts?owner=ann@example.com"))) == 5
    assert names(ask("GET", f"/accounts?owner={cast.colleague.id}")) == []
    assert names(ask("GET", "/accounts?owner=stranger@example.com")) == []
    assert names(ask("GET", "/accounts?owner=nobody")) == []
    assert names(ask("GET", "/accounts?external_id=slate")) == ["Slate & Sons"]
    assert set(portfolio._FILTERS) - {"q"} <= set(filters(ask))


def filters(ask):
    refused = ask("GET", "/accounts?" + "&".join(f"{name}=%00" for name in (*portfolio._FILTERS, "nonsense")))
    return {each["parameter"] for each in refused.json["errors"]} | {"q"}


@pytest.mark.parametrize("sort", ["name", "arr", "risk", "health", "renews"])
def test_every_order_runs_through_all_accounts_both_ways(ask, accounts, sort):
    forth, back = (walk(ask, f"/accounts?limit=2&sort={turn}{sort}") for turn in ("", "-"))
    assert len(forth) == 5
    assert forth == back[::-1]


def walk(ask, path):
    """Follow the Link headers to the end; gives the numbers in order."""
    found, path = [], f"/api/v1{path}"
    while path:
        answer = ask("GET", path.removeprefix("/api/v1"))
        found += [each["id"] for each in answer.json["data"]]
        link = answer.headers.get("Link")
        assert (link is None) == (answer.json["next_cursor"] is None)
        path = link and link.removeprefix("<").removesuffix('>; rel="next"')
    return found


def test_a_walk_is_not_disturbed_by_accounts_that_come_in_between(ask, accounts):
    first = ask("GET", "/accounts?limit=2&sort=name").json
    ask("POST", "/accounts", json={"external_id": "aaa", "name": "Aaa comes before"})
    ask("POST", "/accounts", json={"external_id": "zzz", "name": "Zzz comes after"})
    rest = ask("GET", f"/accounts?limit=200&sort=name&cursor={first['next_cursor']}").json
    seen = [each["name"] for each in first["data"] + rest["data"]]
    assert seen == [
        "Chandler Media",
        "Newbridge Health",
        "Silva Imports",
        "Slate & Sons",
        "Thornfield Logistics",
        "Zzz comes after",
    ]


@pytest.mark.parametrize("cursor", ["x", "WzFd", "W10", "e30", "WyItYXJyIiwgIngiLCAieSJd"])
def test_a_cursor_that_is_not_of_this_list_is_refused(ask, accounts, cursor):
    refused = ask("GET", f"/accounts?cursor={cursor}")
    assert problem(refused)[:2] in {(422, "bad_cursor"), (400, "value")}


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=0", "limit"), ("limit=201", "limit"), ("limit=1_0", "limit"), ("limit=5.0", "limit"), ("limit=", "limit"),
        ("paying=yes", "paying"), ("band=green", "band"), ("sort=size", "sort"), ("colour=red", "colour"),
        ("owner=me", "owner"), ("limit=1&limit=2", "limit"), ("q=%00", "q"),
    ],
)  # fmt: skip
def test_an_address_that_asks_for_what_is_not_there_names_the_parameter(ask, accounts, query, parameter):
    assert problem(ask("GET", f"/accounts?{query}")) == (422, "validation", [parameter])


@pytest.mark.parametrize("address", ["/me", "/meters", "/held-events"])
def test_an_address_that_asks_for_nothing_takes_no_parameter(ask, accounts, address):
    assert problem(ask("GET", f"{address}?limit=2")) == (422, "validation", ["limit"])


def test_no_account_stands_above_itself(ask, accounts):
    for name, parent in (("top", None), ("middle", "top"), ("low", "middle")):
        assert (
            ask(
                "POST", "/accounts", json={"external_id": name, "name": name} | ({"parent": parent} if parent else {})
            ).status_code
            == 201
        )
    assert problem(ask("POST", "/accounts", json={"external_id": "top", "parent": "low"})) == (
        422,
        "unknown_reference",
        ["/parent"],
    )
    assert problem(ask("POST", "/accounts", json={"external_id": "top", "parent": "top"}))[0] == 422
    batch = [
        {"external_id": name, "name": name, "parent": parent} for name, parent in (("a", "b"), ("b", "a"), ("c", "top"))
    ]
    answer = ask("POST", "/accounts/bulk", json={"accounts": batch})
    assert [each["outcome"] for each in answer.json["results"]] == ["refused", "refused", "created"]


def test_a_contract_does_not_run_twice_at_once(ask, accounts):
    first = {
        "external_id": "deal",
        "account": accounts.new.external_id,
        "arr_minor": 100_000,
        "started_on": "2026-01-01",
    }
    later = first | {"arr_minor": 160_000, "started_on": "2026-06-01"}
    assert ask("POST", "/subscriptions", json=first).status_code == 201
    assert problem(ask("POST", "/subscriptions", json=later)) == (422, "validation", ["/started_on"])
    assert ask("POST", "/subscriptions", json=first | {"ended_on": "2026-06-01"}).status_code == 200
    assert ask("POST", "/subscriptions", json=later).status_code == 201
    assert ask("POST", "/subscriptions", json=later | {"seats": 8}).status_code == 200
