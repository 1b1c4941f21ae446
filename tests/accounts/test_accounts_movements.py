"""The ledger of recurring revenue holds to the table and the identity of numbers.md §1."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from app.accounts import movements
from app.accounts.models import Movement
from app.accounts.movements import bridge
from app.core import tenancy
from app.extensions import db
from tests.books import afresh, searched, stretch, subscribe, write_accounts

JAN, APR, JUL, OCT = date(2026, 1, 1), date(2026, 4, 1), date(2026, 7, 1), date(2026, 10, 1)


def ledger(*contracts):
    """Write one account's contracts, (arr, start, end) each; give its movements, the oldest first."""
    (account_id,) = write_accounts("acme")
    subscribe(*(stretch("acme", arr, *days, external_id=f"s{n}") for n, (arr, *days) in enumerate(contracts)))
    movements.rebuild()
    return [(m.moved_on, m.kind, m.amount_minor) for m in movements_of(account_id)]


def movements_of(account_id):
    return db.session.scalars(select(Movement).filter_by(account_id=account_id).order_by(Movement.moved_on)).all()


@pytest.mark.parametrize(
    ("contracts", "expected"),
    [
        ([(100, JAN, None)], [(JAN, "new", 100)]),
        ([(100, JAN, APR), (70, JUL, None)], [(JAN, "new", 100), (APR, "churn", 100), (JUL, "reactivation", 70)]),
        ([(100, JAN, APR), (130, APR, None)], [(JAN, "new", 100), (APR, "expansion", 30)]),
        ([(100, JAN, APR), (60, APR, None)], [(JAN, "new", 100), (APR, "contraction", 40)]),
        ([(100, JAN, APR)], [(JAN, "new", 100), (APR, "churn", 100)]),
        ([(100, JAN, APR), (100, APR, None)], [(JAN, "new", 100)]),
        ([(100, JAN, None), (40, JAN, APR)], [(JAN, "new", 140), (APR, "contraction", 40)]),
        ([(100, JAN, None), (40, APR, None)], [(JAN, "new", 100), (APR, "expansion", 40)]),
        ([(100, JAN, JUL), (40, JAN, JUL)], [(JAN, "new", 140), (JUL, "churn", 140)]),
        ([(0, JAN, None), (50, APR, None)], [(APR, "new", 50)]),
        ([(100, JAN, JAN)], []),
    ],
    ids=[
        "new", "reactivation", "expansion", "contraction", "churn", "renewal at the same price", "one of several ends",
        "a second subscription", "all of several end", "free before paid", "no day long",
    ],
)  # fmt: skip
def test_each_change_is_called_by_its_name(workspace, contracts, expected):
    assert ledger(*contracts) == expected


def test_a_trial_moves_nothing_whatever_its_list_price(workspace):
    (account_id,) = write_accounts("acme")
    subscribe(stretch("acme", 500, JAN, APR, is_trial=True), stretch("acme", 100, APR))
    movements.rebuild()
    assert [(m.kind, m.opening_minor, m.closing_minor) for m in movements_of(account_id)] == [("new", 0, 100)]
    assert bridge(JAN, APR).closing == 100


def test_building_it_twice_changes_nothing(workspace):
    ledger((100, JAN, APR), (130, APR, None))
    before = _rows()
    movements.rebuild()
    assert _rows() == before


def test_building_for_some_leaves_the_others_alone(workspace):
    one, other = write_accounts("one", "other")
    subscribe(stretch("one", 100, JAN), stretch("other", 100, JAN))
    movements.rebuild()
    subscribe(stretch("one", 150, JAN), stretch("other", 150, JAN))
    movements.rebuild([one])
    assert (movements_of(one)[-1].closing_minor, movements_of(other)[-1].closing_minor) == (150, 100)


def test_a_bridge_tells_a_period(workspace):
    write_accounts("stays", "grows", "shrinks", "leaves", "comes", "returns")
    subscribe(
        stretch("stays", 10, JAN),
        stretch("grows", 20, JAN, JUL), stretch("grows", 25, JUL),
        stretch("shrinks", 30, JAN, JUL), stretch("shrinks", 21, JUL),
        stretch("leaves", 40, JAN, JUL),
        stretch("comes", 50, JUL),
        stretch("returns", 60, JAN, APR), stretch("returns", 65, JUL),
    )  # fmt: skip
    movements.rebuild()
    told = bridge(JUL, OCT)
    assert (told.opening, told.new, told.reactivation, told.expansion) == (100, 50, 65, 5)
    assert (told.contraction, told.churn, told.closing) == (9, 40, 171)
    assert told.is_exact


def test_a_bridge_tells_when_the_ledger_is_wrong(workspace):
    ledger((100, JAN, APR))
    db.session.execute(text("UPDATE movement SET closing_minor = 7 WHERE kind = 'churn'"))
    assert not bridge(JAN, OCT).is_exact


def test_a_bridge_sees_its_own_workspace_only(cast):
    ledger((100, JAN, None))
    with tenancy.workspace(cast.elsewhere.id):
        assert bridge(JAN, OCT).closing == 0


day = st.integers(0, 200).map(lambda n: JAN + timedelta(days=n))
contract = st.tuples(st.sampled_from("abc"), st.integers(0, 10**12), day, st.none() | st.integers(0, 90), st.booleans())


@searched
@given(st.lists(contract, max_size=12), day, day)
def test_opening_and_movements_always_make_the_closing(workspace, contracts, first, last):
    with afresh():
        write_accounts("a", "b", "c")
        subscribe(*(
            stretch(account, arr, start, None if days is None else start + timedelta(days=days), external_id=f"s{n}", is_trial=trial)
            for n, (account, arr, start, days, trial) in enumerate(contracts)
        ))  # fmt: skip
        movements.rebuild()
        told = bridge(min(first, last), max(first, last))
        assert told.is_exact
        assert min(told.opening, told.closing, told.churn, told.contraction) >= 0


def _rows():
    return db.session.execute(text("SELECT * FROM movement ORDER BY account_id, moved_on")).all()
