import numpy as np
from tiny import book, contract

from ml.lives import arr_on, current_lives, leaving_on, lives_as_known


def on(text):
    return np.datetime64(text, "D")


def test_an_account_pays_until_the_day_before_its_end():
    facts = book(contract(ended="2025-08-01"))
    assert arr_on(facts, on("2025-07-31"))[0] == 1200
    assert arr_on(facts, on("2025-08-01"))[0] == 0


def test_a_change_of_price_continues_the_life():
    facts = book(contract(ended="2025-06-01"), contract(started="2025-06-01", arr=2400.0))
    lives = lives_as_known(facts.subscriptions, on("2026-01-01"))
    assert lives.started_on.tolist() == [on("2024-06-01").item()]
    assert np.isnat(lives.ended_on).all()


def test_one_of_several_contracts_ending_is_no_churn():
    facts = book(contract(ended="2025-06-01"), contract(started="2025-01-01"))
    assert np.isnat(lives_as_known(facts.subscriptions, on("2026-01-01")).ended_on).all()


def test_coming_back_the_day_after_begins_a_new_life():
    facts = book(contract(ended="2025-06-01"), contract(started="2025-06-02"))
    lives = lives_as_known(facts.subscriptions, on("2026-01-01"))
    assert lives.ended_on[0] == on("2025-06-01")
    assert current_lives(facts, on("2026-01-01"))[0][0] == on("2025-06-02")


def test_an_end_not_yet_recorded_is_not_known():
    facts = book(contract(ended="2025-06-01", known="2025-06-10"))
    assert arr_on(facts, on("2025-06-05"))[0] == 1200
    assert arr_on(facts, on("2025-06-10"))[0] == 0


def test_a_late_recorded_change_is_not_counted_twice():
    facts = book(contract(ended="2025-06-01", known="2025-06-20"), contract(started="2025-06-01", arr=1500.0))
    assert arr_on(facts, on("2025-06-05"))[0] == 1500


def test_notice_is_known_from_the_day_it_was_given():
    facts = book(contract(ended="2025-08-01", known="2025-07-01"))
    assert np.isnat(leaving_on(facts, on("2025-06-30"))[0])
    assert leaving_on(facts, on("2025-07-01"))[0] == on("2025-08-01")


def test_a_free_stretch_is_no_life():
    facts = book(contract(arr=0.0))
    assert len(lives_as_known(facts.subscriptions, on("2026-01-01")).account) == 0
