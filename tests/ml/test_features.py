from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated import simulated_book, with_rows
from tiny import TODAY, book, contract

from ml.features import EDGES, add_months, features_as_of, renewal_flags, snapshot_as_of
from ml.signals import SIGNALS

END = date(2026, 6, 30)
SMALL, _ = simulated_book(accounts=40, months=14, seed=3)
AS_OF = END - timedelta(days=70)
BEFORE = features_as_of(SMALL, AS_OF)


def test_features_hold_one_row_a_paying_account_and_one_column_a_signal(book, today):
    assert list(today.values.columns) == [signal.code for signal in SIGNALS]
    assert (today.arr > 0).all()
    assert len(today.values) == len(today.flags) == len(today.before)


def test_some_of_every_signal_is_known_in_a_full_book(today):
    known = today.values.notna().mean()
    assert (known.drop(["slow_onboarding"]) > 0.5).all()


def test_measuring_twice_gives_the_same(book, today, end):
    pd.testing.assert_frame_equal(snapshot_as_of(book, end).values, today.values)


later = st.integers(1, 60).map(lambda gap: np.datetime64(AS_OF, "s") + np.timedelta64(gap, "D"))
earlier = st.integers(0, 200).map(lambda gap: np.datetime64(AS_OF, "s") - np.timedelta64(gap, "D"))


def unmoved(facts):
    pd.testing.assert_frame_equal(features_as_of(facts, AS_OF), BEFORE)


@settings(max_examples=15, deadline=None)
@given(happened=earlier, known=later, channel=st.sampled_from(["ticket", "email"]), account=st.integers(0, 39))
def test_an_interaction_known_later_moves_nothing(happened, known, channel, account):
    columns = {"account": [account], "happened_on": [happened], "known_on": [known], "channel": [channel]}
    unmoved(
        with_rows(
            SMALL, "interactions", **columns, direction=["in"], sentiment=[-1.0], satisfaction=[1.0], reach=[np.nan]
        )
    )


@settings(max_examples=10, deadline=None)
@given(left=earlier, known=later)
def test_a_departure_known_later_moves_nothing(left, known):
    stayed = SMALL.contacts["left_on"].isna()
    people = SMALL.contacts.assign(
        left_on=SMALL.contacts["left_on"].where(~stayed, left),
        known_left_on=SMALL.contacts["known_left_on"].where(~stayed, known),
    )
    unmoved(replace(SMALL, contacts=people))


def test_a_departure_known_in_time_does_move():
    then = np.datetime64(AS_OF, "s")
    moved = features_as_of(replace(SMALL, contacts=SMALL.contacts.assign(left_on=then, known_left_on=then)), AS_OF)
    assert moved["champion_left"].sum() > BEFORE["champion_left"].sum()


@settings(max_examples=10, deadline=None)
@given(issued=later, account=st.integers(0, 39))
def test_an_invoice_of_tomorrow_moves_nothing(issued, account):
    unmoved(
        with_rows(
            SMALL,
            "invoices",
            account=[account],
            issued_on=[issued],
            due_on=[issued],
            paid_on=[np.datetime64("NaT", "s")],
        )
    )


@settings(max_examples=10, deadline=None)
@given(started=later, account=st.integers(0, 39))
def test_a_contract_of_tomorrow_moves_nothing(started, account):
    never = np.datetime64("NaT", "s")
    unmoved(
        with_rows(
            SMALL,
            "subscriptions",
            account=[account],
            started_on=[started],
            ended_on=[never],
            known_end_on=[never],
            arr=[9e5],
        )
    )


@settings(max_examples=5, deadline=None)
@given(gap=st.integers(1, 60), meter=st.integers(0, 3))
def test_usage_of_tomorrow_moves_nothing(gap, meter):
    usage = SMALL.usage.copy()
    usage[:, meter, (AS_OF - SMALL.first_day).days + gap] += 1000
    facts = replace(SMALL, usage=usage)
    unmoved(facts)


def test_people_active_tomorrow_move_nothing():
    month = AS_OF.year * 12 + AS_OF.month - 1
    bits = SMALL.user_months["days"].where(
        SMALL.user_months["month"] != month, SMALL.user_months["days"] | (1 << AS_OF.day)
    )
    months = SMALL.user_months.assign(days=bits)
    unmoved(replace(SMALL, user_months=months[months["month"] <= month]))


def test_a_planted_row_that_was_known_does_move_features():
    happened = [np.datetime64(AS_OF, "s")]
    facts = with_rows(
        SMALL,
        "interactions",
        account=[int(BEFORE.index[0])],
        happened_on=happened,
        known_on=happened,
        channel=["ticket"],
        direction=["in"],
    )
    assert not features_as_of(facts, AS_OF).equals(BEFORE)


def test_a_yearly_renewal_falls_in_its_month_and_not_before():
    flags = renewal_flags(book(contract(started="2025-03-15", renews="2026-03-15")), TODAY)
    assert flags.sum() == 1
    month = int(flags.argmax())
    assert EDGES[month] < (date(2026, 3, 15) - TODAY).days <= EDGES[month + 1]


def test_a_contract_past_its_renewal_goes_on_by_its_term():
    facts = book(contract(started="2024-03-15", renews="2025-03-15"))
    assert snapshot_as_of(facts, TODAY).days_to_renewal[0] == (date(2026, 3, 15) - TODAY).days


def test_a_monthly_contract_renews_in_every_month():
    assert renewal_flags(book(contract(term=1, started="2025-03-31")), TODAY).all()


def test_a_quarterly_contract_renews_four_times_a_year():
    assert renewal_flags(book(contract(term=3, started="2025-03-15")), TODAY).sum() == 4


def test_without_a_term_no_renewal_is_known():
    facts = book(contract(term=np.nan))
    assert not renewal_flags(facts, TODAY).any()
    assert np.isnan(snapshot_as_of(facts, TODAY).days_to_renewal[0])


def test_of_two_contracts_the_nearer_renewal_counts():
    facts = book(contract(renews="2026-09-01"), contract(renews="2026-01-11"))
    assert snapshot_as_of(facts, TODAY).days_to_renewal[0] == 10


@pytest.mark.parametrize(
    ("start", "months", "expected"),
    [("2025-01-31", 1, "2025-02-28"), ("2024-01-31", 13, "2025-02-28"), ("2025-03-15", 12, "2026-03-15")],
)
def test_months_are_added_as_people_do(start, months, expected):
    assert add_months(np.array([start], "datetime64[D]"), months)[0] == np.datetime64(expected)


def test_twenty_thousand_accounts_are_measured():
    facts, _ = simulated_book(accounts=400, months=13, seed=2)
    wide = replace(facts, **_repeated(facts, 50)).check()
    assert len(features_as_of(wide, END)) == 50 * len(features_as_of(facts, END))


def _repeated(facts, times):
    """Return the fields of a book with every account `times` over."""
    size = len(facts)
    frames = ("subscriptions", "user_months", "interactions", "contacts", "invoices", "treated")
    more = {
        name: pd.concat(
            [
                getattr(facts, name).assign(account=getattr(facts, name)["account"] + size * turn)
                for turn in range(times)
            ],
            ignore_index=True,
        )
        for name in frames
    }
    return {
        **more,
        "accounts": pd.concat([facts.accounts] * times, ignore_index=True),
        "usage": np.tile(facts.usage, (times, 1, 1)),
    }
