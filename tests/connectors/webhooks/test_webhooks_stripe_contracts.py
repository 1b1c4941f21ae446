"""What Stripe says of subscriptions becomes stretches of contract and movements."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from app.accounts.intake.recording import record_accounts, record_subscriptions
from app.accounts.models import Account, AccountSummary
from app.connectors.stripe.pricing import terms_of
from app.extensions import db
from tests.books import stretch
from tests.cast import NOW
from tests.connectors.webhooks.conftest import (
    bring_in,
    moves,
    rows,
    short,
    state_of,
    stretches,
)
from tests.connectors.webhooks.stripe_events import (
    FEB,
    JAN,
    JUN,
    MAR,
    NEW,
    at,
    created,
    customer,
    deleted,
    event,
    item,
    old_subscription,
    seconds,
    subscription,
    updated,
)


def account():
    db.session.expire_all()
    return db.session.scalars(select(Account)).one()


@pytest.mark.parametrize("made", [subscription, old_subscription], ids=["since basil", "before basil"])
def test_both_shapes_of_the_api_say_the_same(stripe, made):
    bring_in(stripe, NEW, event("customer.subscription.created", made(), seconds(JAN)))
    assert stretches() == [("cus_1", "sub_1", "Pro", 5, 120_000, JAN, None, None, False)]
    assert moves() == [("new", JAN, 0, 120_000)]
    assert rows("SELECT renews_on, term_months, auto_renew FROM subscription") == [(FEB, 1, True)]


def test_the_summary_and_the_scores_follow(stripe):
    bring_in(stripe, NEW, created())
    summary = db.session.scalars(select(AccountSummary)).one()
    assert (summary.arr_minor, summary.plan, summary.seats) == (120_000, "Pro", 5)
    assert rows("SELECT DISTINCT unnest(account_ids) FROM touched_account") == [(summary.account_id,)]


@pytest.mark.parametrize(
    ("items", "arr"),
    [
        ([item(2_000, 5, "month")], 120_000),
        ([item(50_000, 1, "year")], 50_000),
        ([item(50_000, 1, "year", 2)], 25_000),
        ([item(3_000, 2, "month", 3)], 24_000),
        ([item(100, 1, "week")], 5_200),
        ([item(10, 1, "day")], 3_650),
        ([item(1_000, 1), item(200, 10, nickname="Seats")], 36_000),
        ([item(None, 3, unit_amount_decimal="0.5")], 18),
        ([item(1_000, 7, transform_quantity={"divide_by": 5, "round": "up"})], 24_000),
        ([item(1_000, 7, transform_quantity={"divide_by": 5, "round": "down"})], 12_000),
    ],
)
def test_arr_is_items_by_quantity_by_price_by_times_a_year(items, arr):
    assert terms_of(subscription(items=items), "USD", [])["arr_minor"] == arr


TIERS = [{"up_to": 10, "unit_amount": 100, "flat_amount": 500}, {"up_to": None, "unit_amount": 50, "flat_amount": None}]


@pytest.mark.parametrize(
    ("mode", "quantity", "monthly"),
    [
        ("graduated", 4, 900),
        ("graduated", 10, 1_500),
        ("graduated", 12, 1_600),
        ("volume", 4, 900),
        ("volume", 12, 600),
    ],
)
def test_tiers_are_counted_where_the_message_holds_them(mode, quantity, monthly):
    price = item(None, quantity, billing_scheme="tiered", tiers=TIERS, tiers_mode=mode)
    assert terms_of(subscription(items=[price]), "USD", [])["arr_minor"] == 12 * monthly


def test_what_the_arr_cannot_hold_is_said(stripe):
    metered = item(
        100, None, nickname="Calls", recurring={"interval": "month", "interval_count": 1, "usage_type": "metered"}
    )
    tiered = item(None, 3, nickname="Steps", billing_scheme="tiered")
    _, delivery = bring_in(stripe, NEW, created(items=[item(), metered, tiered], discounts=["di_1"]))
    state, reason = state_of(delivery)
    assert (state, short()) == ("done", [(120_000, JAN, None)])
    assert all(word in reason for word in ("Calls is metered", "price of Steps", "discount"))


@pytest.mark.parametrize(
    ("discount", "arr"),
    [
        ({"coupon": {"percent_off": 25, "duration": "forever"}}, 90_000),
        ({"source": {"coupon": {"amount_off": 1_000, "duration": "forever"}}}, 108_000),
        ({"coupon": {"percent_off": 25, "duration": "repeating", "duration_in_months": 3}}, 120_000),
        ({"coupon": {"percent_off": 25, "duration": "once"}}, 120_000),
    ],
)
def test_only_discounts_that_last_for_ever_lower_the_arr(discount, arr):
    assert terms_of(subscription(discounts=[discount]), "USD", [])["arr_minor"] == arr


def test_a_change_of_quantity_ends_a_stretch_and_begins_another_the_same_day(stripe):
    bring_in(stripe, NEW, created(), updated(MAR, items=[item(2_000, 8)]))
    assert short() == [(120_000, JAN, MAR), (192_000, MAR, None)]
    assert stretches()[0][7] == at(MAR)
    assert moves() == [("new", JAN, 0, 120_000), ("expansion", MAR, 120_000, 192_000)]


def test_a_change_of_plan_at_the_same_price_moves_no_revenue(stripe):
    bring_in(stripe, NEW, created(), updated(MAR, items=[item(2_000, 5, nickname="Pro 2")]))
    assert [(row[2], row[5], row[6]) for row in stretches()] == [("Pro", JAN, MAR), ("Pro 2", MAR, None)]
    assert moves() == [("new", JAN, 0, 120_000)]


def test_the_first_thing_heard_may_be_a_change_that_says_what_was_before(stripe):
    before = {"items": {"data": [item(1_000, 5)]}, "quantity": 5}
    bring_in(stripe, NEW, updated(MAR, before, items=[item(2_000, 5)]))
    assert short() == [(60_000, JAN, MAR), (120_000, MAR, None)]


def test_a_metadata_change_changes_no_stretch(stripe):
    bring_in(stripe, NEW, created(), updated(MAR, {"metadata": {}}, metadata={"colour": "red"}))
    assert short() == [(120_000, JAN, None)]


def test_a_trial_pays_nothing_until_it_ends(stripe):
    trial = {"status": "trialing", "trial_start": seconds(JAN), "trial_end": seconds(FEB)}
    bring_in(stripe, NEW, created(**trial))
    assert (stretches()[0][8], moves()) == (True, [])
    bring_in(stripe, updated(FEB + timedelta(days=1), **trial | {"status": "active"}))
    assert [(row[8], row[5], row[6]) for row in stretches()] == [(True, JAN, FEB), (False, FEB, None)]
    assert moves() == [("new", FEB, 0, 120_000)]


def test_a_trial_that_was_over_before_we_listened_is_still_no_revenue(stripe):
    bring_in(stripe, NEW, updated(MAR, trial_start=seconds(JAN), trial_end=seconds(FEB)))
    assert [(row[8], row[5], row[6]) for row in stretches()] == [(True, JAN, FEB), (False, FEB, None)]


def test_a_trial_that_is_cancelled_was_never_paid(stripe):
    bring_in(stripe, NEW, deleted(date(2026, 1, 10), trial_start=seconds(JAN), trial_end=seconds(FEB)))
    assert [(row[8], row[5], row[6]) for row in stretches()] == [(True, JAN, date(2026, 1, 10))]
    assert moves() == []


def test_a_cancellation_ahead_is_known_since_it_was_first_told(stripe):
    ahead = {"cancel_at_period_end": True, "until": JUN}
    told, again = updated(FEB, **ahead), updated(MAR, metadata={"a": "b"}, **ahead)
    bring_in(stripe, NEW, created(until=JUN), told, again)
    assert stretches() == [("cus_1", "sub_1", "Pro", 5, 120_000, JAN, JUN, at(FEB), False)]
    bring_in(stripe, deleted(JUN, cancel_at_period_end=True, until=JUN))
    assert stretches()[0][6:8] == (JUN, at(FEB))
    assert moves()[-1] == ("churn", JUN, 120_000, 0)


def test_cancel_at_names_the_day_and_taking_it_back_takes_the_end_back(stripe):
    bring_in(stripe, NEW, created(), updated(FEB, cancel_at=seconds(JUN)))
    assert stretches()[0][6:8] == (JUN, at(FEB))
    bring_in(stripe, updated(MAR))
    assert stretches()[0][6:8] == (None, None)


def test_a_pause_under_notice_keeps_the_notice(stripe):
    under = {"cancel_at": seconds(JUN)}
    pause = {"pause_collection": {"behavior": "void"}}
    bring_in(stripe, NEW, created(), updated(FEB, **under), updated(MAR, **under, **pause))
    bring_in(stripe, updated(date(2026, 4, 1), **under))
    assert [row[6:8] for row in stretches()] == [(MAR, at(MAR)), (JUN, at(FEB))]


def test_a_change_of_seats_under_notice_keeps_the_notice(stripe):
    bring_in(
        stripe,
        NEW,
        created(),
        updated(FEB, cancel_at=seconds(JUN)),
        updated(MAR, cancel_at=seconds(JUN), items=[item(2_000, 4)]),
    )
    assert short() == [(120_000, JAN, MAR), (96_000, MAR, JUN)]
    assert stretches()[1][7] == at(FEB)


def test_a_deletion_ends_it_and_a_new_subscription_is_a_reactivation(stripe):
    again = event("customer.subscription.created", subscription("sub_2", start=JUN), seconds(JUN))
    bring_in(stripe, NEW, created(), deleted(MAR), again)
    assert short() == [(120_000, JAN, MAR), (120_000, JUN, None)]
    assert [move[0] for move in moves()] == ["new", "churn", "reactivation"]


def test_news_of_a_running_contract_that_comes_after_its_end_is_old_news(stripe):
    bring_in(stripe, NEW, created(), deleted(MAR), updated(MAR, metadata={"late": "yes"}))
    assert short() == [(120_000, JAN, MAR)]


def test_creation_and_deletion_within_one_second_end_it_whatever_their_ids(stripe):
    bring_in(stripe, NEW, created(), deleted(JAN))
    assert (short(), moves()) == ([(120_000, JAN, JAN)], [])


@pytest.mark.parametrize("ids", ["abc", "acb", "bac", "bca", "cab", "cba"])
def test_changes_within_one_second_follow_what_each_says_was_before(stripe, ids):
    """Stripe's times are whole seconds, and its ids are random."""
    steps = [item(2_000, quantity) for quantity in (5, 8, 6, 7)]
    changes = [
        updated(MAR, {"items": {"data": [steps[n]]}}, items=[steps[n + 1]]) | {"id": f"evt_{id_}"}
        for n, id_ in enumerate(ids)
    ]
    renamed = [
        event("customer.updated", customer(name=f"Name {n + 1}"), seconds(MAR), before={"name": f"Name {n}"})
        | {"id": f"evt_name_{id_}"}
        for n, id_ in enumerate(ids)
    ]
    bring_in(stripe, NEW, created(), *changes, *renamed)
    assert short() == [(120_000, JAN, MAR), (168_000, MAR, None)]
    assert account().name == "Name 3"


@pytest.mark.parametrize("status", ["past_due", "unpaid"])
def test_who_is_behind_with_payment_still_has_a_contract(stripe, status):
    bring_in(stripe, NEW, created(), updated(MAR, status=status))
    assert short() == [(120_000, JAN, None)]


@pytest.mark.parametrize("status", ["incomplete", "incomplete_expired"])
def test_what_was_never_paid_for_is_no_contract(stripe, status):
    _, delivery = bring_in(stripe, NEW, created(status=status))
    assert (short(), state_of(delivery)) == ([], ("done", None))


def test_an_incomplete_one_that_is_paid_runs_from_its_start(stripe):
    bring_in(stripe, NEW, created(status="incomplete"), updated(date(2026, 1, 2)))
    assert short() == [(120_000, JAN, None)]


@pytest.mark.parametrize(
    "pause",
    [
        {"status": "paused"},
        {"pause_collection": {"behavior": "void"}},
        {"pause_collection": {"behavior": "mark_uncollectible"}},
    ],
)
def test_a_pause_pays_nothing_and_goes_on_afterwards(stripe, pause):
    bring_in(stripe, NEW, created(), updated(FEB, **pause), updated(MAR))
    assert short() == [(120_000, JAN, FEB), (120_000, MAR, None)]
    assert [move[0] for move in moves()] == ["new", "churn", "reactivation"]


def test_invoices_that_are_kept_for_later_are_no_pause(stripe):
    bring_in(stripe, NEW, created(), updated(FEB, pause_collection={"behavior": "keep_as_draft"}))
    assert short() == [(120_000, JAN, None)]


def test_the_day_is_that_of_the_workspace(stripe, workspace):
    workspace.time_zone = "Pacific/Auckland"
    bring_in(stripe, NEW, created())
    assert short() == [(120_000, date(2026, 1, 2), None)]


def test_stretches_of_an_import_are_the_history_that_goes_on(stripe):
    record_accounts([{"external_id": "acme", "name": "Acme"}], NOW)
    old = [
        stretch("acme", 60_000, date(2025, 1, 1), date(2025, 7, 1), external_id="sub_1"),
        stretch("acme", 100_000, date(2025, 7, 1), None, external_id="sub_1"),
    ]
    record_subscriptions(old, NOW)
    (delivery,) = bring_in(stripe, updated(MAR, start=date(2025, 1, 1)))
    assert (state_of(delivery)[0], {row[0] for row in stretches()}) == ("done", {"acme"})
    assert short() == [
        (60_000, date(2025, 1, 1), date(2025, 7, 1)),
        (100_000, date(2025, 7, 1), MAR),
        (120_000, MAR, None),
    ]
    bring_in(stripe, deleted(JUN, start=date(2025, 1, 1)))
    assert short()[1:] == [(100_000, date(2025, 7, 1), MAR), (120_000, MAR, JUN)]


def test_a_source_that_is_made_anew_counts_nothing_twice(stripe, source_of):
    bring_in(stripe, NEW, created(), updated(MAR, items=[item(2_000, 8)]))
    from app.connectors.webhooks import sources

    sources.delete(stripe.id)
    bring_in(source_of("stripe"), NEW, updated(JUN, items=[item(2_000, 8)]))
    assert short() == [(120_000, JAN, MAR), (192_000, MAR, None)]
