"""Contacts, subscriptions, movements and interactions by machine."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select, text

from app.accounts.models import Contact
from app.core.clock import utc_now
from app.extensions import db
from tests.api.conftest import problem, trail

YEAR = {
    "external_id": "slate-2",
    "account": "slate",
    "arr_minor": 6_000_00,
    "started_on": "2026-01-01",
    "term_months": 12,
}
WORD = {
    "source": "helpdesk", "external_id": "t-1", "account": "slate", "contact": "slate-champion", "channel": "ticket",
    "direction": "in", "subject": "Export fails", "body": "This is unacceptable.", "happened_at": "2026-11-18T10:30:00+01:00",
}  # fmt: skip


def ids(answer):
    return [each["id"] for each in answer.json["data"]]


# --- contacts ---


def test_a_contact_is_made_then_replaced_as_a_whole(ask, accounts):
    body = {
        "external_id": "p1",
        "account": "slate",
        "name": "Ann Archer",
        "email": "Ann@slate.example",
        "role": "sponsor",
    }
    made = ask("POST", "/contacts", json=body)
    assert (made.status_code, made.json["account_id"], made.json["role"]) == (201, accounts.slipping.id, "sponsor")
    after = ask("POST", "/contacts", json={"external_id": "p1", "account": "slate", "left_on": "2026-11-01"})
    assert (after.status_code, after.json["id"]) == (200, made.json["id"])
    assert (after.json["name"], after.json["role"], after.json["left_on"]) == ("p1", None, "2026-11-01")
    assert db.session.scalars(select(Contact.left_known_at).where(Contact.external_id == "p1")).one() is not None
    assert [entry.act for entry in trail() if entry.subject == "contact"] == ["created", "updated"]
    assert ask("GET", made.headers["Location"].removeprefix("/api/v1")).data == after.data


def test_contacts_are_listed_by_account_and_found_by_address(ask, accounts):
    ask("POST", "/contacts", json={"external_id": "p1", "account": "slate", "email": "ann@slate.example"})
    of_slate = ask("GET", f"/contacts?account_id={accounts.slipping.id}").json["data"]
    assert [each["external_id"] for each in of_slate] == ["slate-champion", "p1"]
    found = ask("GET", "/contacts?email=ANN@SLATE.example").json["data"]
    assert [each["external_id"] for each in found] == ["p1"]
    assert len(walk(ask, "/contacts?limit=2")) == 6


def walk(ask, path):
    found, cursor = [], ""
    while cursor is not None:
        page = ask("GET", path + (f"&cursor={cursor}" if cursor else "")).json
        found += page["data"]
        cursor = page["next_cursor"]
    return found


@pytest.mark.parametrize(
    ("path", "body"),
    [("/contacts", {"external_id": "p1", "account": "nowhere"}), ("/subscriptions", YEAR | {"account": "nowhere"}),
     ("/interactions", WORD | {"account": "nowhere"})],
)  # fmt: skip
def test_what_belongs_to_no_account_is_refused(ask, accounts, path, body):
    assert problem(ask("POST", path, json=body)) == (422, "unknown_reference", ["/account"])


# --- subscriptions and what follows from them ---


def test_a_subscription_moves_the_revenue_the_summary_and_the_stage_at_once(ask, accounts):
    ask("POST", "/accounts", json={"external_id": "acme"})
    started = utc_now().date() - timedelta(days=30)
    body = {
        "external_id": "acme-1",
        "account": "acme",
        "arr_minor": 5_000_00,
        "started_on": started.isoformat(),
        "term_months": 12,
    }
    made = ask("POST", "/subscriptions", json=body | {"plan": "growth", "seats": 7})
    assert made.status_code == 201
    shown = ask("GET", f"/accounts/{made.json['account_id']}").json
    assert (shown["arr_minor"], shown["stage"], shown["plan"], shown["seats"]) == (5_000_00, "onboarding", "growth", 7)
    assert shown["renews_on"] == made.json["renews_on"]
    (moved,) = ask("GET", f"/movements?account_id={made.json['account_id']}").json["data"]
    assert (moved["kind"], moved["amount_minor"], moved["moved_on"]) == ("new", 5_000_00, started.isoformat())
    assert ask("POST", "/subscriptions", json=body | {"plan": "growth", "seats": 7}).status_code == 200


def test_a_stretch_that_goes_to_another_account_leaves_the_first(ask, accounts):
    first = ask("POST", "/subscriptions", json=YEAR).json
    ask("POST", "/subscriptions", json=YEAR | {"account": "silva"})
    assert ask("GET", f"/accounts/{first['account_id']}").json["arr_minor"] == 24_000_00
    assert ask("GET", f"/accounts/{accounts.silent.id}").json["arr_minor"] == 9_600_00 + 6_000_00
    day = f"since={YEAR['started_on']}&until={YEAR['started_on']}"
    assert [each["account_id"] for each in ask("GET", f"/movements?{day}").json["data"]] == [accounts.silent.id]


def test_a_stretch_cannot_end_before_it_begins(ask, accounts):
    refused = ask("POST", "/subscriptions", json=YEAR | {"ended_on": "2025-12-31"})
    assert problem(refused) == (422, "validation", ["/ended_on"])
    assert ask("GET", "/subscriptions?external_id=slate-2").json["data"] == []


def test_the_stretches_of_a_contract_and_of_an_account_are_listed(ask, accounts):
    one = ask("POST", "/subscriptions", json=YEAR | {"ended_on": "2026-06-01"}).json
    two = ask("POST", "/subscriptions", json=YEAR | {"started_on": "2026-06-01", "arr_minor": 7_000_00}).json
    assert ids(ask("GET", "/subscriptions?external_id=slate-2")) == [one["id"], two["id"]]
    assert {one["id"], two["id"]} < set(ids(ask("GET", f"/subscriptions?account_id={accounts.slipping.id}")))
    assert ask("GET", f"/subscriptions/{two['id']}").json == two
    assert len(walk(ask, "/subscriptions?limit=3")) == 7


# --- movements ---


def test_movements_come_newest_first_and_their_bridge_adds_up(ask, accounts):
    ask("POST", "/subscriptions", json=YEAR)
    moved = walk(ask, "/movements?limit=2")
    assert [each["moved_on"] for each in moved] == sorted((each["moved_on"] for each in moved), reverse=True)
    assert len(moved) == db.session.execute(text("SELECT count(*) FROM movement")).scalar()
    assert {each["kind"] for each in walk(ask, "/movements?kind=churn&limit=50")} == {"churn"}
    bridge = ask("GET", "/movements/bridge?first=2026-01-01&last=2026-12-31").json
    gained = bridge["new_minor"] + bridge["reactivation_minor"] + bridge["expansion_minor"]
    lost = bridge["contraction_minor"] + bridge["churn_minor"]
    assert (bridge["opening_minor"] + gained - lost, bridge["is_exact"]) == (bridge["closing_minor"], True)
    assert bridge["expansion_minor"] == 6_000_00


@pytest.mark.parametrize("query", ["", "first=2026-01-01", "first=2026-02-01&last=2026-01-01", "first=2026&last=0"])
def test_a_bridge_needs_a_period(ask, accounts, query):
    assert problem(ask("GET", f"/movements/bridge?{query}"))[:2] == (422, "validation")


# --- interactions ---


def test_a_word_of_the_customer_is_kept_once_with_its_mood_and_moves_the_summary(ask, accounts):
    happened = (utc_now() - timedelta(hours=2)).isoformat()
    word = WORD | {"account": "silva", "contact": "silva-champion", "happened_at": happened}
    made = ask("POST", "/interactions", json=word)
    assert made.status_code == 201
    assert made.json["sentiment"] < -0.3
    assert "unacceptable" in made.json["sentiment_why"]["words"]
    assert made.json["contact_id"] is not None
    shown = ask("GET", f"/accounts/{accounts.silent.id}").json
    assert shown["last_touch_at"] == made.json["happened_at"]
    assert shown["owed_since"] is not None
    again = ask("POST", "/interactions", json=word | {"resolved_at": utc_now().isoformat()})
    assert (again.status_code, again.json["id"]) == (200, made.json["id"])
    assert ask("GET", f"/interactions/{made.json['id']}").json["resolved_at"] is not None
    assert ask("POST", "/interactions", json=word | {"source": "crm"}).json["id"] != made.json["id"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"happened_at": "2026-11-18T10:30:00"}, "/happened_at"),
        ({"happened_at": (utc_now() + timedelta(days=3)).isoformat()}, "/happened_at"),
        ({"resolved_at": "2026-11-17T10:30:00Z"}, "/resolved_at"),
        ({"channel": "pigeon"}, "/channel"),
        ({"satisfaction": 6}, "/satisfaction"),
        ({"body": "a\0b"}, "/body"),
    ],
)
def test_an_interaction_that_cannot_have_been_is_pointed_at(ask, accounts, change, pointer):
    assert problem(ask("POST", "/interactions", json=WORD | change)) == (422, "validation", [pointer])


def test_an_accounts_interactions_come_newest_first_on_the_channel_asked_for(ask, accounts):
    for n, channel in enumerate(("phone", "email", "phone")):
        day = date(2026, 10, 1 + n).isoformat()
        ask(
            "POST",
            "/interactions",
            json=WORD | {"external_id": f"c{n}", "channel": channel, "happened_at": f"{day}T08:00:00Z"},
        )
    address = f"/accounts/{accounts.slipping.id}/interactions"
    calls = walk(ask, f"{address}?channel=phone&limit=1")
    assert [each["external_id"] for each in calls] == ["c2", "c0"]
    assert len(walk(ask, f"{address}?limit=2")) == 6
    everywhere = walk(ask, "/interactions?limit=4")
    assert [each["id"] for each in everywhere] == sorted((each["id"] for each in everywhere), reverse=True)
    assert ask("GET", "/accounts/999999/interactions").status_code == 404
