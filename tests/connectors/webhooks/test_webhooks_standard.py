"""Records in our own terms: each goes to the verb that keeps it, the newest of each counts."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from app.accounts.intake.recording import record_accounts
from app.accounts.models import Account
from app.connectors.webhooks import replaying
from app.extensions import db
from app.usage.intake.ingesting import ensure_meters
from tests.books import KEPT_EVENTS
from tests.cast import NOW
from tests.connectors.webhooks.conftest import deliver, rows, short, state_of, work


@pytest.fixture
def own(source_of):
    return source_of("standard")


@pytest.fixture
def send(own):
    """Send records, a second apart; gives their deliveries."""
    count = 0

    def go(*records):
        nonlocal count
        kept = []
        for type_, data in records:
            count += 1
            message = {"type": type_, "timestamp": f"2026-03-01T10:00:{count:02}Z", "data": data}
            kept += deliver(own, message, headers={"webhook-id": f"msg {count}"})
        work()
        return kept

    return go


ACME = ("account.upserted", {"id": "acme", "name": "Acme"})
CONTRACT = {
    "id": "s1",
    "account": "acme",
    "arr_minor": 12_000,
    "currency": "USD",
    "started_on": "2026-01-01",
    "plan": "Pro",
    "seats": 4,
}
INVOICE = {
    "id": "i1",
    "account": "acme",
    "amount_minor": 900,
    "currency": "USD",
    "issued_on": "2026-01-01",
    "due_on": "2026-02-01",
}
TALK = {
    "id": "t1",
    "account": "acme",
    "channel": "email",
    "direction": "in",
    "happened_at": "2026-03-01T09:00:00Z",
    "body": "We love it",
}


def test_each_type_reaches_its_verb(send):
    ensure_meters(["logins"])
    kept = send(
        ACME,
        ("contact.upserted", {"id": "p1", "account": "acme", "name": "Bo", "role": "champion"}),
        ("subscription.upserted", CONTRACT),
        ("invoice.upserted", INVOICE),
        ("interaction.upserted", TALK | {"contact": "p1"}),
        ("usage.recorded", {"id": "u1", "account": "acme", "meter": "logins", "quantity": 3, "user": "bo"}),
    )
    assert [state_of(each) for each in kept] == [("done", None)] * 6
    assert rows("SELECT name, role FROM contact") == [("Bo", "champion")]
    assert short() == [(12_000, date(2026, 1, 1), None)]
    assert rows("SELECT kind FROM movement") == [("new",)]
    assert rows("SELECT amount_minor, due_on FROM invoice") == [(900, date(2026, 2, 1))]
    assert rows("SELECT c.name, sentiment > 0 FROM interaction i JOIN contact c ON c.id = i.contact_id") == [
        ("Bo", True)
    ]
    assert rows(
        f"SELECT quantity, happened_at, s.name FROM {KEPT_EVENTS} e JOIN usage_source s ON s.id = source_id"
    ) == [(3, datetime(2026, 3, 1, 10, 0, 6, tzinfo=UTC), f"Standard (webhook {kept[0].source_id})")]
    assert rows("SELECT arr_minor, last_touch_at FROM account_summary") == [
        (12_000, datetime(2026, 3, 1, 9, tzinfo=UTC))
    ]


def test_what_an_account_leaves_out_stays(send):
    send(("account.upserted", {"id": "acme", "name": "Acme", "industry": "steel", "tier": "gold"}))
    send(("account.upserted", {"id": "acme", "tier": None, "country": "DE"}))
    found = db.session.scalars(select(Account)).one()
    assert (found.name, found.industry, found.tier, found.country) == ("Acme", "steel", None, "DE")


def test_a_record_again_changes_nothing_and_an_older_one_that_comes_late_neither(send, own):
    (first,) = send(ACME)
    send(("account.upserted", {"id": "acme", "name": "Acme Ltd"}))
    replaying.replay(first.id)
    work()
    assert rows("SELECT name FROM account") == [("Acme Ltd",)]


def test_an_end_is_known_since_it_was_told(send):
    send(ACME, ("subscription.upserted", CONTRACT), ("subscription.upserted", CONTRACT | {"ended_on": "2026-06-01"}))
    send(("subscription.upserted", CONTRACT | {"ended_on": "2026-06-01", "seats": 5}))
    assert rows("SELECT ended_on, end_known_at FROM subscription") == [
        (date(2026, 6, 1), datetime(2026, 3, 1, 10, 0, 3, tzinfo=UTC))
    ]


def test_what_comes_before_its_account_waits_for_it(send):
    kept = send(("contact.upserted", {"id": "p1", "account": "acme"}), ("interaction.upserted", TALK))
    assert [state_of(each)[0] for each in kept] == ["held", "held"]
    send(ACME)
    assert [state_of(each)[0] for each in kept] == ["done", "done"]
    assert rows("SELECT count(*) FROM interaction") == [(1,)]


def test_what_is_held_comes_in_when_replayed_after_the_account_was_made_elsewhere(send, own):
    (delivery,) = send(("contact.upserted", {"id": "p1", "account": "acme"}))
    record_accounts([{"external_id": "acme", "name": "Acme"}], NOW)
    assert replaying.replay_unfinished(own.id) == 1
    work()
    assert state_of(delivery) == ("done", None)


def test_usage_of_an_unknown_meter_fails_and_counts_once_when_replayed(send, own):
    usage = {"id": "u1", "account": "acme", "meter": "logins"}
    kept = send(ACME, ("usage.recorded", usage), ("usage.recorded", usage))
    assert [state_of(each)[0] for each in kept] == ["done", "failed", "failed"]
    assert "no meter 'logins'" in state_of(kept[1])[1]
    ensure_meters(["logins"])
    assert replaying.replay_unfinished(own.id) == 2
    work()
    assert rows("SELECT sum(size) FROM usage_batch") == [(1,)]
    assert [state_of(each)[0] for each in kept] == ["done"] * 3


def test_a_person_who_changes_account_is_at_the_newer_one(send):
    send(ACME, ("account.upserted", {"id": "beta"}), ("contact.upserted", {"id": "p1", "account": "acme"}))
    send(("contact.upserted", {"id": "p1", "account": "beta"}), ("account.upserted", {"id": "acme", "name": "A"}))
    assert rows("SELECT a.external_id FROM contact c JOIN account a ON a.id = c.account_id") == [("beta",)]


@pytest.mark.parametrize(
    ("type_", "data", "words"),
    [
        ("account.deleted", {"id": "acme"}, "must be one of"),
        ("account.upserted", {"id": ""}, "`$.id`"),
        ("account.upserted", {"id": "x", "colour": "red"}, "colour"),
        ("account.upserted", {"id": "x", "name": None}, "`$.name`"),
        ("account.upserted", [1], "data"),
        ("account.upserted", None, "data"),
        ("account.upserted", {"id": "a\0b"}, "`$.id`"),
        ("account.upserted", {"id": "x", "custom": {"a": "\0"}}, "database refused"),
        ("subscription.upserted", CONTRACT | {"arr_minor": 1.5}, "arr_minor"),
        ("subscription.upserted", CONTRACT | {"arr_minor": -1}, "arr_minor"),
        ("subscription.upserted", CONTRACT | {"currency": "EUR"}, "counts in USD"),
        ("subscription.upserted", CONTRACT | {"started_on": "soon"}, "started_on"),
        ("interaction.upserted", TALK | {"channel": "smoke"}, "channel"),
        ("interaction.upserted", TALK | {"happened_at": "2026-03-01T09:00:00"}, "happened_at"),
        ("usage.recorded", {"id": "u", "account": "acme", "meter": "m", "quantity": "3"}, "quantity"),
        ("usage.recorded", {"id": "u", "account": "acme", "meter": "m", "at": "9999-12-31T23:59:00Z"}, "before 2000"),
    ],
)
def test_a_record_that_is_wrong_names_the_field(send, type_, data, words):
    (_, delivery) = send(ACME, (type_, data))
    state, reason = state_of(delivery)
    assert state == "failed"
    assert words in reason


def test_a_message_without_its_time_fails(own):
    (delivery,) = deliver(own, {"type": "account.upserted", "data": {"id": "acme"}}, headers={"webhook-id": "m"})
    work()
    assert "`timestamp` is missing" in state_of(delivery)[1]
