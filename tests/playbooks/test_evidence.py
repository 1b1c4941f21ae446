"""Intervals, power and the always-valid test."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy.stats import binomtest, hypergeom

from app.playbooks.proving import PRICE_OF_LOOKING
from app.playbooks.trial.evidence import ENOUGH, Batch, evidence
from app.playbooks.trial.intervals import difference, wilson
from app.playbooks.trial.power import accounts_needed

arms = some.integers(0, 400).flatmap(lambda of: some.tuples(some.integers(0, of), some.just(of)))


@given(arms)
def test_wilson_agrees_with_scipy(arm):
    events, of = arm
    if of:
        theirs = binomtest(events, of).proportion_ci(method="wilson")
        assert wilson(events, of) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
    else:
        assert wilson(events, of) == (0.0, 1.0)


def test_newcombes_own_example():
    """Newcombe 1998, table II (a), method 10: 56/70 − 48/80."""
    assert difference((56, 70), (48, 80)) == pytest.approx((0.0524, 0.3339), abs=5e-5)


@given(arms, arms)
def test_the_interval_holds_the_difference_and_turns_with_the_arms(a, b):
    low, high = difference(a, b)
    if a[1] and b[1]:
        assert -1 - 1e-9 <= low <= a[0] / a[1] - b[0] / b[1] <= high <= 1 + 1e-9
    assert difference(b, a) == pytest.approx((-high, -low))


@pytest.mark.parametrize(
    ("rate", "reduced", "an_arm"),
    [(0.3, 0.2, 293), (0.4, 0.28, 243), (0.3, 0.15, 120), (0.15, 0.12, 2036), (0.1, 0.07, 1355)],
)
def test_power_is_as_published(rate, reduced, an_arm):
    plan = accounts_needed(rate, reduced)
    assert plan.treated == plan.held == pytest.approx(an_arm, abs=1)


def test_a_plan_has_the_power_it_promises():
    """4,000 simulated comparisons of the planned size, by the score test: 80 % find the difference."""
    dice, plan = np.random.default_rng(1), accounts_needed(0.3, 0.2, held_share=0.2)
    held, treated = dice.binomial(plan.held, 0.3, 4_000), dice.binomial(plan.treated, 0.2, 4_000)
    pooled = (held + treated) / plan.total
    spread = np.sqrt(pooled * (1 - pooled) * (1 / plan.held + 1 / plan.treated))
    found = (held / plan.held - treated / plan.treated) / spread > 1.96
    assert 0.77 < found.mean() < 0.84


@given(some.floats(0.02, 0.9), some.floats(0.1, 0.9), some.floats(0.05, 0.5))
def test_a_smaller_effect_or_share_takes_more_accounts(rate, cut, share):
    plan = accounts_needed(rate, rate * (1 - cut), share)
    assert accounts_needed(rate, rate * (1 - cut / 2), share).total > plan.total
    assert accounts_needed(rate, rate * (1 - cut), share / 2).total > plan.total * 1.01 or plan.total < 200


def test_a_plan_needs_a_difference():
    with pytest.raises(ValueError, match="two different rates"):
        accounts_needed(0.2, 0.2)


def test_no_outcomes_are_no_evidence():
    assert evidence([]) == evidence([Batch(50, 3, 0, 0)]) == evidence([Batch(50, 0, 5, 0)]) == pytest.approx(1)


@pytest.mark.parametrize(("treated", "held", "churned"), [(9, 1, 3), (45, 5, 12), (30, 30, 20), (7, 3, 10)])
def test_if_treating_changes_nothing_a_batch_is_expected_to_say_nothing(treated, held, churned):
    """The exact expectation of the e-value over all ways the churned may fall into the arms is 1."""
    law = hypergeom(treated + held, held, churned)
    expected = sum(
        law.pmf(k) * evidence([Batch(treated, churned - k, held, k)])
        for k in range(max(0, churned - treated), min(held, churned) + 1)
    )
    assert expected == pytest.approx(1)


@settings(deadline=None, max_examples=30)
@given(some.lists(some.integers(0, 30), min_size=3, max_size=3))
def test_arms_that_differ_either_way_are_evidence_alike(churned):
    batches = [Batch(30, n, 30, 30 - n) for n in churned]
    turned = [Batch(each.held, each.held_churned, each.treated, each.treated_churned) for each in batches]
    assert evidence(batches) == pytest.approx(evidence(turned))


def runs(dice, *, rates, sizes, months, times):
    """Give after how many months each of `times` playbooks passed, looked at every month; 0 for never.

    `rates` and `sizes` are (treated, held out).
    """
    for _ in range(times):
        batches = []
        for _ in range(months):
            left = dice.binomial(sizes, rates)
            batches.append(Batch(sizes[0], int(left[0]), sizes[1], int(left[1])))
            if evidence(batches) >= ENOUGH:
                break
        yield len(batches) if evidence(batches) >= ENOUGH else 0


def test_looked_at_every_month_a_playbook_that_does_nothing_seldom_passes():
    passed = sum(
        month > 0 for month in runs(np.random.default_rng(2), rates=(0.2, 0.2), sizes=(45, 5), months=24, times=400)
    )
    assert passed / 400 <= 0.05


def test_the_price_of_looking_buys_80_percent_power():
    plan = accounts_needed(0.3, 0.2)
    a_month = plan.held // 12
    months = round(12 * PRICE_OF_LOOKING)
    passed = [*runs(np.random.default_rng(3), rates=(0.2, 0.3), sizes=(a_month, a_month), months=months, times=400)]
    assert 0.75 < sum(month > 0 for month in passed) / 400 < 0.88
