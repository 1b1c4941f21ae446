"""What Chargebee says becomes accounts, stretches of contract, movements and invoices."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from app.accounts.models import Account, Contact
from app.extensions import db
from tests.connectors.webhooks.chargebee_events import customer, event, invoice, subscription
from tests.connectors.webhooks.conftest import bring_in, invoices, moves, rows, short, state_of, stretches
from tests.connectors.webhooks.stripe_events import seconds

JAN, FEB, MAR, JUN = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1), date(2026, 6, 1)


@pytest.fixture
def chargebee(source_of):
    return source_of("chargebee")


def created(**fields):
    return event("subscription_created", JAN, subscription=subscription(**fields))


def changed(on, act="changed", version=2, **fields):
    return event(f"subscription_{act}", on, subscription=subscription(resource_version=version, **fields))


def test_one_event_brings_customer_and_contract(chargebee):
    (delivery,) = bring_in(chargebee, created())
    assert state_of(delivery) == ("done", None)
    account = db.session.scalars(select(Account)).one()
    assert (account.external_id, account.name, account.country, account.signed_up_on) == (
        "cb_1",
        "Birch & Co",
        "NO",
        JAN,
    )
    person = db.session.scalars(select(Contact)).one()
    assert (person.name, person.email) == ("Bea Birch", "bea@birch.example")
    assert stretches() == [("cb_1", "cbsub_1", "pro-monthly", 5, 120_000, JAN, None, None, False)]
    assert moves() == [("new", JAN, 0, 120_000)]


@pytest.mark.parametrize("link", [{"meta_data": {"account_id": "birch"}}, {"cf_account_id": "birch"}])
def test_meta_data_or_a_custom_field_names_the_account(chargebee, link):
    bring_in(chargebee, event("subscription_created", JAN, customer=customer(**link), subscription=subscription()))
    assert stretches()[0][0] == "birch"


OLD = {"subscription_items": None, "plan_id": "basic", "plan_quantity": 3, "plan_unit_price": 1_000}


@pytest.mark.parametrize(
    ("fields", "arr"),
    [
        (OLD, 36_000),
        (OLD | {"plan_amount": 2_500}, 30_000),
        (OLD | {"addons": [{"id": "support", "quantity": 2, "unit_price": 500}]}, 48_000),
        (OLD | {"billing_period": 3}, 12_000),
        (OLD | {"billing_period_unit": "year"}, 3_000),
        (OLD | {"plan_unit_price": None, "mrr": 4_000}, 48_000),
        ({"discounts": [{"duration_type": "forever", "percentage": 10}]}, 108_000),
        (
            {"discounts": [{"duration_type": "limited_period", "percentage": 10}], "coupons": [{"coupon_id": "X"}]},
            120_000,
        ),
    ],
)
def test_both_catalogues_are_priced(chargebee, fields, arr):
    bring_in(chargebee, created(**fields))
    assert short() == [(arr, JAN, None)]


def test_what_is_charged_once_is_no_arr_and_said(chargebee):
    once = {"item_price_id": "set-up", "item_type": "charge", "amount": 99_000}
    (delivery,) = bring_in(chargebee, created(subscription_items=[*subscription()["subscription_items"], once]))
    assert short() == [(120_000, JAN, None)]
    assert "set-up is charged once" in state_of(delivery)[1]


def test_a_cancellation_ahead_then_the_end(chargebee):
    bring_in(
        chargebee, created(), changed(FEB, "cancellation_scheduled", status="non_renewing", cancelled_at=seconds(JUN))
    )
    told = datetime(2026, 2, 1, 12, tzinfo=UTC)
    assert stretches()[0][6:8] == (JUN, told)
    bring_in(chargebee, changed(JUN, "cancelled", 3, status="cancelled", cancelled_at=seconds(JUN)))
    assert stretches()[0][6:8] == (JUN, told)
    bring_in(chargebee, changed(date(2026, 8, 1), "reactivated", 4))
    assert short() == [(120_000, JAN, JUN), (120_000, date(2026, 8, 1), None)]
    assert [move[0] for move in moves()] == ["new", "churn", "reactivation"]


def test_a_pause_a_change_and_a_renewal(chargebee):
    bring_in(
        chargebee,
        created(),
        changed(FEB, "paused", status="paused"),
        changed(MAR, "resumed", 3),
        changed(JUN, "changed", 4, quantity=8),
    )
    bring_in(chargebee, changed(date(2026, 7, 1), "renewed", 5, quantity=8))
    assert short() == [(120_000, JAN, FEB), (120_000, MAR, JUN), (192_000, JUN, None)]


def test_of_two_changes_in_a_second_the_later_version_counts(chargebee):
    bring_in(chargebee, created(), changed(FEB, version=9, quantity=8), changed(FEB, version=8, quantity=7))
    assert short() == [(120_000, JAN, FEB), (192_000, FEB, None)]


def test_a_contract_of_the_future_begins_when_it_begins(chargebee):
    bring_in(chargebee, created(status="future", started_at=None, start_date=seconds(JUN)))
    assert short() == [(120_000, JUN, None)]


def test_a_trial_pays_nothing(chargebee):
    bring_in(
        chargebee, created(status="in_trial", trial_end=seconds(FEB)), changed(FEB, "activated", trial_end=seconds(FEB))
    )
    assert [(row[8], row[5], row[6]) for row in stretches()] == [(True, JAN, FEB), (False, FEB, None)]


def test_a_deletion_ends_it(chargebee):
    bring_in(chargebee, created(), changed(MAR, "deleted", deleted=True))
    assert short() == [(120_000, JAN, MAR)]


def test_an_invoice_is_asked_for_paid_and_voided(chargebee):
    bring_in(chargebee, event("invoice_generated", JAN, invoice=invoice()))
    assert invoices() == [("cb_1", "1001", JAN, date(2026, 1, 15), None, 10_000)]
    bring_in(
        chargebee,
        event("payment_succeeded", FEB, invoice=invoice(status="paid", paid_at=seconds(FEB), resource_version=2)),
    )
    assert invoices() == [("cb_1", "1001", JAN, date(2026, 1, 15), FEB, 10_000)]
    bring_in(chargebee, event("invoice_updated", MAR, invoice=invoice(status="voided", resource_version=3)))
    assert invoices() == []


def test_a_failed_payment_stands_on_the_timeline(chargebee):
    transaction = {
        "id": "txn",
        "customer_id": "cb_1",
        "currency_code": "USD",
        "amount": 10_000,
        "error_text": "Card declined",
    }
    bring_in(chargebee, event("payment_failed", FEB, transaction=transaction, invoice=invoice(status="not_paid")))
    assert rows("SELECT subject, body FROM interaction") == [
        ("A payment of $100 failed", "Invoice 1001. Card declined")
    ]
    assert invoices()[0][4] is None


def test_a_contract_that_moves_to_another_customer_takes_its_history_along(chargebee):
    """Late news of its time with the first customer still changes what the second one has."""
    moved = subscription(customer_id="cb_2", resource_version=3)
    bring_in(chargebee, created(), event("subscription_changed", JUN, customer=customer(id="cb_2"), subscription=moved))
    bring_in(chargebee, changed(MAR, quantity=8))
    assert short() == [(120_000, JAN, MAR), (192_000, MAR, JUN), (120_000, JUN, None)]
    assert {row[0] for row in stretches()} == {"cb_2"}
    assert rows("SELECT DISTINCT a.external_id FROM movement m JOIN account a ON a.id = m.account_id") == [("cb_2",)]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"status": "new"}, "'new'"),
        ({"currency_code": "EUR"}, "counts in USD"),
        ({"customer_id": None}, "no `customer_id`"),
        ({"subscription_items": None}, "no price"),
        ({"currency_code": None}, "no price"),
    ],
)
def test_what_cannot_be_used_is_kept_with_its_reason_and_the_customer_still_comes_in(chargebee, fields, words):
    (delivery,) = bring_in(chargebee, created(**fields))
    state, reason = state_of(delivery)
    assert (state, stretches()) == ("failed", [])
    assert rows("SELECT name FROM account") == [("Birch & Co",)]
    assert words in reason


def test_other_events_are_ignored(chargebee):
    (delivery,) = bring_in(chargebee, event("card_added", JAN, card={"id": "card"}))
    assert state_of(delivery) == ("ignored", "card_added is not used.")
