"""What Lago says becomes accounts, stretches of contract and invoices, though its messages carry no time of their own."""

from datetime import date

import pytest
from sqlalchemy import select

from app.accounts.models import Account
from app.extensions import db
from tests.cast import NOW
from tests.connectors.webhooks.conftest import deliver, invoices, moves, rows, short, state_of, stretches, work

JAN, FEB, MAR = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)
PLAN = {
    "name": "Startup",
    "code": "startup",
    "interval": "monthly",
    "amount_cents": 10_000,
    "amount_currency": "USD",
    "trial_period": 0,
}


@pytest.fixture
def lago(source_of):
    return source_of("lago")


def told(type_, **thing):
    kind, body = next(iter(thing.items()))
    return {"webhook_type": type_, "object_type": kind, "organization_id": "org", kind: body}


def customer(**fields):
    made = {
        "external_id": "acme",
        "name": "Acme",
        "email": "a@acme.example,b@acme.example",
        "country": "FR",
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
    }
    return made | fields


def subscription(**fields):
    made = {
        "lago_id": "l1", "external_id": "sub-1", "external_customer_id": "acme", "status": "active", "plan_amount_cents": 10_000,
        "plan_amount_currency": "USD", "started_at": "2026-01-01T10:00:00Z", "subscription_at": "2026-01-01T10:00:00Z",
        "terminated_at": None, "ending_at": None, "current_billing_period_ending_at": "2026-02-01T10:00:00Z", "plan": PLAN,
    }  # fmt: skip
    return made | fields


def invoice(**fields):
    made = {
        "lago_id": "i1", "number": "LAG-1", "issuing_date": "2026-01-01", "payment_due_date": "2026-01-31", "status": "finalized",
        "payment_status": "pending", "currency": "USD", "total_amount_cents": 12_000, "updated_at": "2026-01-01T10:00:00Z",
        "customer": customer(),
    }  # fmt: skip
    return made | fields


def send(source, *messages):
    kept = []
    for message in messages:
        key = f"key {len(rows('SELECT 1 FROM webhook_delivery'))}"
        kept += deliver(source, message, headers={"X-Lago-Unique-Key": key})
    work()
    return kept


NEW = told("customer.created", customer=customer())


def test_customer_and_contract(lago):
    kept = send(lago, NEW, told("subscription.started", subscription=subscription()))
    assert [state_of(each) for each in kept] == [("done", None)] * 2
    account = db.session.scalars(select(Account)).one()
    assert (account.external_id, account.name, account.country) == ("acme", "Acme", "FR")
    assert rows("SELECT email FROM contact") == [("a@acme.example",)]
    assert stretches() == [("acme", "sub-1", "Startup", None, 120_000, JAN, None, None, False)]


@pytest.mark.parametrize(
    ("interval", "arr"),
    [("weekly", 520_000), ("monthly", 120_000), ("quarterly", 40_000), ("semiannual", 20_000), ("yearly", 10_000)],
)
def test_a_plan_is_priced_by_its_interval(lago, interval, arr):
    send(lago, NEW, told("subscription.started", subscription=subscription(plan=PLAN | {"interval": interval})))
    assert short() == [(arr, JAN, None)]


def test_usage_charges_are_said_to_be_left_out(lago):
    _, delivery = send(
        lago, NEW, told("subscription.started", subscription=subscription(plan=PLAN | {"charges": [{"lago_id": "c"}]}))
    )
    assert "usage charges" in state_of(delivery)[1]


UPGRADED = {
    "lago_id": "l2",
    "plan_amount_cents": 20_000,
    "plan": PLAN | {"name": "Scale"},
    "started_at": "2026-02-01T10:00:00Z",
}
OLD_ENDS = told(
    "subscription.terminated", subscription=subscription(status="terminated", terminated_at="2026-02-01T10:00:00Z")
)
NEW_STARTS = told("subscription.started", subscription=subscription(**UPGRADED))


@pytest.mark.parametrize("messages", [(OLD_ENDS, NEW_STARTS), (NEW_STARTS, OLD_ENDS)])
def test_a_new_plan_is_a_new_instance_of_the_same_contract(lago, messages):
    send(lago, NEW, told("subscription.started", subscription=subscription()), *messages)
    assert short() == [(120_000, JAN, FEB), (240_000, FEB, None)]
    assert [move[0] for move in moves()] == ["new", "expansion"]


def test_late_news_of_an_instance_that_has_ended_does_not_bring_it_back(lago):
    send(lago, NEW, told("subscription.started", subscription=subscription()), OLD_ENDS)
    send(lago, told("subscription.updated", subscription=subscription(name="late")))
    assert short() == [(120_000, JAN, FEB)]


def test_an_end_told_ahead_is_known_since_it_was_received(lago):
    send(lago, NEW, told("subscription.started", subscription=subscription()))
    send(lago, told("subscription.updated", subscription=subscription(ending_at="2027-01-01T10:00:00Z")))
    assert stretches()[0][6:8] == (date(2027, 1, 1), NOW)


def test_a_trial_lasts_as_long_as_the_plan_says(lago):
    trial = subscription(plan=PLAN | {"trial_period": 31})
    send(lago, NEW, told("subscription.started", subscription=trial))
    assert stretches()[0][8] is True
    send(lago, told("subscription.trial_ended", subscription=trial | {"trial_ended_at": "2026-02-01T10:00:00Z"}))
    assert [(row[8], row[5], row[6]) for row in stretches()] == [(True, JAN, FEB), (False, FEB, None)]


def test_a_pending_one_does_not_run(lago):
    send(lago, NEW, told("subscription.updated", subscription=subscription(status="pending", started_at=None)))
    assert short() == []


def test_an_invoice_keeps_its_days_in_every_time_zone(lago, workspace):
    workspace.time_zone = "America/Los_Angeles"
    send(lago, told("invoice.drafted", invoice=invoice(status="draft")))
    assert invoices() == []
    send(lago, told("invoice.created", invoice=invoice()))
    assert invoices() == [("acme", "i1", JAN, date(2026, 1, 31), None, 12_000)]
    paid = invoice(payment_status="succeeded", updated_at="2026-03-01T20:00:00Z")
    send(lago, told("invoice.payment_status_updated", invoice=paid))
    assert invoices()[0][4] == MAR
    send(lago, told("invoice.voided", invoice=invoice(status="voided", updated_at="2026-03-02T20:00:00Z")))
    assert invoices() == []


def test_a_failed_payment_stands_on_the_timeline(lago):
    error = {"lago_invoice_id": "i1", "external_customer_id": "acme", "provider_error": {"message": "Card declined"}}
    message = told("invoice.payment_failure", payment_provider_invoice_payment_error=error)
    send(lago, NEW, message)
    assert rows("SELECT subject, body, happened_at FROM interaction") == [
        ("A payment failed", "Invoice i1. Card declined", NOW)
    ]


@pytest.mark.parametrize(
    ("message", "state", "words"),
    [
        (told("subscription.started", subscription=subscription(plan=None)), "failed", "no plan"),
        (told("subscription.started", subscription=subscription(status="odd")), "failed", "'odd'"),
        (told("subscription.started", subscription=subscription(external_id=None)), "failed", "external_id"),
        (told("subscription.started", subscription=subscription(external_customer_id="x")), "held", "customer x"),
        (told("invoice.created", invoice=invoice(total_amount_cents=None)), "failed", "total_amount_cents"),
        (told("invoice.created", invoice=invoice(issuing_date="soon")), "failed", "no day"),
        (told("invoice.created", invoice=invoice(currency="EUR")), "failed", "counts in USD"),
        (told("wallet.depleted_ongoing_balance", wallet={"lago_id": "w"}), "ignored", "not used"),
        ({"webhook_type": "customer.created", "object_type": "customer"}, "failed", "external_id"),
    ],
)
def test_what_cannot_be_used_says_why(lago, message, state, words):
    (delivery,) = send(lago, message)
    became, reason = state_of(delivery)
    assert became == state
    assert words in reason


def test_metadata_names_the_account(lago):
    link = customer(metadata=[{"key": "account_id", "value": "crm-7"}])
    send(lago, told("customer.created", customer=link))
    assert rows("SELECT external_id FROM account") == [("crm-7",)]
