"""Whatever order deliveries come in, and however often: the book ends the same."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from app.connectors.webhooks import normalising, sources
from app.core.clock import utc_now
from app.extensions import db
from tests.books import afresh, searched
from tests.cast import NOW
from tests.connectors.webhooks.chargebee_events import event as chargebee_event
from tests.connectors.webhooks.chargebee_events import subscription as chargebee_subscription
from tests.connectors.webhooks.conftest import bring_in, deliver, invoices, moves, rows, stretches, work
from tests.connectors.webhooks.stripe_events import (
    customer,
    event,
    invoice,
    item,
    paid,
    seconds,
    subscription,
)

START = date(2026, 1, 1)
ACTS = (
    "seats",
    "plan",
    "notice",
    "no notice",
    "pause",
    "resume",
    "past due",
    "delete",
    "invoice",
    "pay",
    "fail",
    "rename",
)


def book():
    """Everything that a customer's deliveries decide."""
    summary = rows(
        "SELECT a.external_id, s.name, s.plan, s.seats, s.arr_minor, s.renews_on, s.term_months, s.ends_on, s.stage"
        " FROM account_summary s JOIN account a ON a.id = s.account_id ORDER BY 1"
    )
    contracts = rows(
        "SELECT external_id, started_on, term_months, auto_renew, renews_on FROM subscription ORDER BY 1, 2"
    )
    said = rows("SELECT external_id, subject, body, happened_at FROM interaction ORDER BY 1")
    people = rows("SELECT external_id, email, name FROM contact ORDER BY 1")
    states = rows("SELECT event_id, state FROM webhook_delivery ORDER BY 1")
    return summary, stretches(), contracts, moves(), invoices(), said, people, states


def stripe_history(acts):
    """Tell a customer's life in events, hours or days apart, some of them within one second."""
    now = datetime(2026, 1, 1, 9, tzinfo=UTC)
    state = {"status": "active", "items": [item(2_000, 5)]}
    events = [
        event("customer.created", customer(), int(now.timestamp())),
        event("customer.subscription.created", subscription(**state), int(now.timestamp())),
    ]
    for n, (act, hours) in enumerate(acts):
        now += timedelta(hours=hours)
        at = int(now.timestamp())
        if act == "invoice":
            events.append(event("invoice.finalized", invoice(f"in_{n}", issued=now.date()), at))
        elif act in {"pay", "fail"}:
            made = invoice(f"in_{n}", issued=now.date())
            done = paid(made, now.date()) if act == "pay" else made
            events += [
                event("invoice.finalized", made, at),
                event(f"invoice.{'paid' if act == 'pay' else 'payment_failed'}", done, at),
            ]
        elif act == "rename":
            events.append(event("customer.updated", customer(name=f"Acme {n}"), at))
        elif act == "delete":
            events.append(
                event(
                    "customer.subscription.deleted", subscription(**state | {"status": "canceled", "ended_at": at}), at
                )
            )
            break
        else:
            state |= {
                "seats": {"items": [item(2_000, 5 + n)]},
                "plan": {"items": [item(3_000, 5, nickname=f"Plan {n}")]},
                "notice": {"cancel_at": seconds(date(2026, 9, 1))},
                "no notice": {"cancel_at": None},
                "pause": {"pause_collection": {"behavior": "void"}},
                "resume": {"pause_collection": None},
                "past due": {"status": "past_due"},
            }[act]
            events.append(event("customer.subscription.updated", subscription(**state), at + n))
    return events


@searched
@given(st.data(), st.lists(st.tuples(st.sampled_from(ACTS), st.sampled_from([1, 5, 24, 24 * 30])), max_size=7))
def test_stripe_in_any_order_and_repeated(stripe, data, acts):
    history = stripe_history(acts)
    with afresh():
        bring_in(stripe, *history)
        expected = book()
    shuffled = data.draw(st.permutations(history))
    again = data.draw(st.lists(st.sampled_from(history), max_size=4))
    with afresh():
        for each in [*shuffled, *again]:
            bring_in(stripe, each)
        assert book() == expected


@searched
@given(
    st.data(),
    st.lists(st.sampled_from(("seats", "notice", "cancelled", "reactivated", "paused", "resumed")), max_size=6),
)
def test_chargebee_in_any_order_and_in_batches(source_of, data, acts):
    changes = {
        "seats": {"status": "active"}, "notice": {"status": "non_renewing", "cancelled_at": seconds(date(2026, 9, 1))},
        "cancelled": {"status": "cancelled"}, "reactivated": {"status": "active"}, "paused": {"status": "paused"},
        "resumed": {"status": "active"},
    }  # fmt: skip
    history = [chargebee_event("subscription_created", START, subscription=chargebee_subscription())]
    for n, act in enumerate(acts):
        fields = {"resource_version": n + 2, "quantity": 5 + n if act == "seats" else 5} | changes[act]
        on = START + timedelta(days=n // 2 * 20)  # two on a day, told apart by their version alone
        history.append(chargebee_event(f"subscription_{act}", on, subscription=chargebee_subscription(**fields)))
    source = source_of("chargebee")
    with afresh():
        bring_in(source, *history)
        expected = book()
    shuffled = data.draw(st.permutations(history))
    cut = data.draw(st.integers(0, len(shuffled)))
    with afresh():
        bring_in(source, *shuffled[:cut])
        bring_in(source, *shuffled[cut:])
        assert book() == expected


@searched
@given(st.data())
def test_records_of_ones_own_in_any_order(source_of, data):
    source = source_of("standard")
    history = [_own(n, *record) for n, record in enumerate(_OWN)]
    with afresh():
        _send(source, history)
        expected = book()
        assert {state for _, state in expected[-1]} == {"done"}
    shuffled = data.draw(st.permutations(history))
    with afresh():
        for each in shuffled:
            _send(source, [each])
        assert book() == expected


_STRETCH = {"id": "s1", "account": "acme", "arr_minor": 12_000, "currency": "USD", "started_on": "2026-01-01"}
_OWN = (
    ("account.upserted", {"id": "acme", "name": "Acme"}),
    ("subscription.upserted", _STRETCH),
    ("subscription.upserted", _STRETCH | {"ended_on": "2026-06-01"}),
    ("subscription.upserted", _STRETCH | {"started_on": "2026-06-01", "arr_minor": 24_000}),
    ("account.upserted", {"id": "acme", "name": "Acme Ltd", "country": "DE"}),
    ("contact.upserted", {"id": "p1", "account": "acme", "name": "Bo", "email": "bo@acme.example"}),
    ("contact.upserted", {"id": "p1", "account": "acme", "name": "Bo Berg", "email": "bo@acme.example"}),
    (
        "invoice.upserted",
        {
            "id": "i1",
            "account": "acme",
            "amount_minor": 100,
            "currency": "USD",
            "issued_on": "2026-01-01",
            "due_on": "2026-02-01",
        },
    ),
)


def _own(n, type_, data):
    return {"type": type_, "timestamp": f"2026-03-01T10:00:{n:02}Z", "data": data}


def _send(source, messages):
    for message in messages:
        deliver(source, message, headers={"webhook-id": f"msg {message['timestamp']}"})
    work()


# --- over real connections ---


def test_two_workers_at_once_make_the_book_of_one(committed, at_once):
    source = sources.make_source("stripe", "Stripe", None)
    history = stripe_history([("seats", 24), ("invoice", 24), ("plan", 48), ("pay", 24), ("notice", 24)])
    for n in range(12):
        deliver(source, *[_of(each, n) for each in history])
    db.session.commit()

    def work_alone():
        done = 0
        while number := normalising.normalise(utc_now(), most=7):
            db.session.commit()
            done += number
        db.session.rollback()
        return done

    shares = at_once(work_alone, work_alone)
    assert sum(shares) == 12 * len(history)
    made = rows(
        "SELECT a.external_id, count(*), sum(s.arr_minor) FROM subscription s JOIN account a ON a.id = s.account_id GROUP BY 1"
    )
    assert len(made) == 12
    assert len({row[1:] for row in made}) == 1
    assert rows("SELECT state, count(*) FROM webhook_delivery GROUP BY 1") == [("done", 12 * len(history))]
    assert {len(told) for told in _by_account().values()} == {3}


def _by_account():
    found = {}
    for account, *move in rows("SELECT account_id, kind, moved_on FROM movement"):
        found.setdefault(account, []).append(move)
    return found


def _of(told, n):
    """The same event about another customer."""
    thing = told["data"]["object"]
    own = {"id": f"{thing['id']}_{n}"} | ({"customer": f"cus_1_{n}"} if thing["object"] != "customer" else {})
    return told | {"id": f"{told['id']}_{n}", "data": {"object": thing | own}}


def test_a_worker_that_dies_between_two_batches_leaves_the_rest_waiting(committed):
    source = sources.make_source("stripe", "Stripe", None)
    history = stripe_history([("plan", 24), ("plan", 48)])
    deliver(source, *history)
    db.session.commit()
    normalising.normalise(NOW, most=2)
    db.session.commit()
    normalising.normalise(NOW, most=1)
    db.session.rollback()
    assert dict(rows("SELECT state, count(*) FROM webhook_delivery GROUP BY 1")) == {"done": 2, "waiting": 2}
    while normalising.normalise(NOW):
        db.session.commit()
    assert db.session.scalar(text("SELECT count(*) FROM webhook_delivery WHERE state <> 'done'")) == 0
    assert len(stretches()) == 3
