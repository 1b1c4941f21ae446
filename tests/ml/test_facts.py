from dataclasses import replace

import numpy as np
import pytest
from simulated import simulated_book
from tiny import book, contract, talk

from ml.facts import COLUMNS, empty
from ml.features import features_as_of


def test_a_missing_column_is_named():
    facts = book(contract())
    with pytest.raises(ValueError, match=r"subscriptions\.arr"):
        replace(facts, subscriptions=facts.subscriptions.drop(columns="arr")).check()


def test_a_wrong_type_is_named():
    facts = book(contract())
    wrong = facts.subscriptions.assign(started_on="2025-01-01")
    with pytest.raises(ValueError, match=r"subscriptions\.started_on: expected a day"):
        replace(facts, subscriptions=wrong).check()


def test_a_position_beyond_the_accounts_is_refused():
    with pytest.raises(ValueError, match=r"interactions\.account"):
        book(contract(), interactions=[talk(account=3)])


def test_usage_of_the_wrong_shape_is_refused():
    facts = book(contract())
    with pytest.raises(ValueError, match="usage"):
        replace(facts, usage=facts.usage[:, :, 0]).check()
    with pytest.raises(ValueError, match="usage"):
        replace(facts, meters=("a", "b")).check()


@pytest.mark.parametrize("name", sorted(COLUMNS))
def test_an_empty_frame_has_every_column(name):
    assert list(empty(name).columns) == list(COLUMNS[name])


def test_an_account_measures_the_same_alone_as_among_others(end):
    facts, _ = simulated_book(accounts=60, months=14, seed=5)
    whole = features_as_of(facts, end)
    chosen = whole.index.to_numpy()[::3]
    part = features_as_of(facts.of_accounts(chosen), end)
    known_of_a_source = ["open_ticket_age", "urgent_tickets", "ticket_change", "days_since_use"]
    np.testing.assert_array_equal(
        whole.loc[chosen].drop(columns=known_of_a_source).to_numpy(), part.drop(columns=known_of_a_source).to_numpy()
    )
