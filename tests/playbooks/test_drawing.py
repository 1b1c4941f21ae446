"""The draw: shares hold in every stratum, and the draw can be repeated."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from app.playbooks.editing import SHARES
from app.playbooks.trial.drawing import HELD_OUT, TREATED, Thirds, block_of, draw

salts = some.text(min_size=1, max_size=20)
drawn_shares = some.sampled_from([share for share in SHARES if share])


@settings(deadline=None)
@given(salts, drawn_shares, some.lists(some.integers(0, 12), max_size=6))
def test_the_share_holds_to_within_one_block_however_accounts_arrive(salt, share, batches):
    arms, number = Counter(), 0
    for size in batches:
        arms.update(draw(salt, share, "a stratum", number, range(number, number + size)).values())
        number += size
    block, held = block_of(share)
    whole = number // block * held
    assert whole <= arms[HELD_OUT] <= whole + held
    assert arms[HELD_OUT] + arms[TREATED] == number


@given(salts, drawn_shares, some.sets(some.integers(0, 10_000), max_size=60), some.integers(0, 500))
def test_a_draw_repeated_gives_the_same_arms_in_any_order(salt, share, accounts, already):
    order = sorted(accounts)
    assert draw(salt, share, "s", already, order) == draw(salt, share, "s", already, reversed(order))


@given(salts, some.sets(some.integers(0, 10_000), max_size=60))
def test_a_share_of_nothing_holds_nobody_out(salt, accounts):
    assert set(draw(salt, 0.0, "s", 0, accounts).values()) <= {TREATED}


@pytest.mark.parametrize(
    ("share", "block"),
    [(0.0, (10, 0)), (0.05, (20, 1)), (0.1, (10, 1)), (0.15, (20, 3)), (0.25, (12, 3)), (0.5, (10, 5))],
)
def test_blocks_hold_the_share_exactly(share, block):
    assert block_of(share) == block


def test_another_salt_draws_another_lot():
    draws = {tuple(sorted(draw(f"salt {n}", 0.1, "s", 0, range(100)).items())) for n in range(20)}
    assert len(draws) == 20


def test_every_account_is_as_likely_to_be_held_out():
    """400 draws of 20 accounts at 20 %: each count lies within five standard deviations of 80."""
    held = Counter(
        account
        for n in range(400)
        for account, arm in draw(f"salt {n}", 0.2, "s", 0, range(20)).items()
        if arm == HELD_OUT
    )
    assert all(40 < held[account] < 120 for account in range(20))


def test_strata_are_thirds_of_risk_and_arr_and_unknown_risk_is_its_own():
    thirds = Thirds(risk=(0.1, 0.3), arr=(1_000, 5_000))
    assert thirds.stratum(0.1, 1_000) == "low risk, low ARR"
    assert thirds.stratum(0.2, 5_001) == "middle risk, high ARR"
    assert thirds.stratum(0.31, 2_000) == "high risk, middle ARR"
    assert thirds.stratum(None, 0) == "unknown risk, low ARR"


def test_in_an_empty_book_everybody_is_of_one_stratum():
    assert Thirds((), ()).stratum(0.9, 10**9) == "low risk, low ARR"
