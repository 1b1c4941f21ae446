import numpy as np
import pytest

from ml import renewals
from ml.renewals import PastPeriod, band, bias, estimate_shock, interval_coverage, simulate, wape


def due(number, seed=1):
    rng = np.random.default_rng(seed)
    return rng.beta(8, 2, number), np.exp(rng.normal(8, 1, number)), np.zeros(number)


def happened(p, shock, rng):
    odds = np.log(p / (1 - p)) + shock
    return rng.random(len(p)) < 1 / (1 + np.exp(-odds))


def test_without_a_shock_the_total_has_the_mean_and_spread_of_independent_renewals():
    p, amount, spread = due(300)
    totals = simulate(p, amount, spread, shock_sd=0.0, draws=20_000, seed=1)
    assert totals.mean() == pytest.approx((p * amount).sum(), rel=0.01)
    assert totals.std() == pytest.approx(np.sqrt((p * (1 - p) * amount**2).sum()), rel=0.05)


def test_the_amounts_spread_widens_the_total():
    p, amount, _ = due(300)
    totals = simulate(p, amount, 0.5 * amount, shock_sd=0.0, draws=20_000, seed=1)
    expected = (p * (0.5 * amount) ** 2 + p * (1 - p) * amount**2).sum()
    assert totals.std() == pytest.approx(np.sqrt(expected), rel=0.05)


def test_a_shared_shock_widens_what_independence_hides():
    p, amount, spread = due(2000)
    alone, shared = (band(simulate(p, amount, spread, shock_sd=sd, draws=4000, seed=2)[:, 0]) for sd in (0.0, 0.5))
    assert shared.p90 - shared.p10 > 3 * (alone.p90 - alone.p10)


def test_the_normal_of_many_agrees_with_drawing_each(monkeypatch):
    p, amount, _ = due(3000)
    groups = np.arange(3000) % 7
    exact = simulate(p, amount, 0.3 * amount, shock_sd=0.4, draws=3000, seed=3, groups=groups)
    monkeypatch.setattr(renewals, "EXACT_DRAWS", 200 * 3000)
    quick = simulate(p, amount, 0.3 * amount, shock_sd=0.4, draws=3000, seed=4, groups=groups)
    assert exact.shape == quick.shape == (3000, 7)
    for group in range(7):
        one, two = band(exact[:, group]), band(quick[:, group])
        width = one.p90 - one.p10
        assert abs(one.p10 - two.p10) < 0.08 * width
        assert abs(one.p50 - two.p50) < 0.08 * width
        assert abs(one.p90 - two.p90) < 0.08 * width
    np.testing.assert_allclose(quick.sum(axis=1).std(), exact.sum(axis=1).std(), rtol=0.06)


def test_a_giant_stays_all_or_nothing_among_many(monkeypatch):
    monkeypatch.setattr(renewals, "EXACT_DRAWS", 10 * 2000)
    p, amount = np.full(1000, 0.5), np.append(np.full(999, 1.0), 10_000.0)
    totals = simulate(p, amount, np.zeros(1000), shock_sd=0.0, draws=2000, seed=1)[:, 0]
    assert not ((totals > 1000) & (totals < 10_000)).any()


def test_nothing_due_is_nothing_renewed():
    none = np.empty(0)
    assert simulate(none, none, none, shock_sd=0.3, draws=10, seed=1).tolist() == [[0.0]] * 10


def test_the_same_seed_draws_the_same():
    given = due(50)
    first, second = (simulate(*given, shock_sd=0.3, draws=100, seed=9) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("truth", [0.0, 0.6])
def test_the_shock_is_found_again_from_past_periods(truth):
    rng = np.random.default_rng(5)
    predicted = [due(300, seed)[0] for seed in range(16)]
    outcomes = [happened(p, truth * rng.standard_normal(), rng) for p in predicted]
    assert estimate_shock(predicted, outcomes) == pytest.approx(truth, abs=0.2)


def test_without_a_past_the_shock_is_the_priors():
    assert 0.4 < estimate_shock([], []) < 0.55


def test_eighty_percent_intervals_hold_and_independent_ones_do_not(monkeypatch):
    rng = np.random.default_rng(7)
    held, held_without = [], []
    for run in range(8):
        periods = []
        for number in range(8):
            p, amount, spread = due(120, 100 * run + number)
            renewed = happened(p, 0.5 * rng.standard_normal(), rng)
            periods.append(PastPeriod(p, amount, spread, renewed, float((renewed * amount).sum())))
        held += interval_coverage(periods, draws=1000, seed=run).held
        with monkeypatch.context() as alone:
            alone.setattr(renewals, "estimate_shock", lambda _predicted, _renewed: 0.0)
            held_without += interval_coverage(periods, draws=1000, seed=run).held
    assert 0.7 <= np.mean(held) <= 0.9
    assert np.mean(held_without) < np.mean(held) - 0.1


def test_wape_and_bias_are_shares_of_the_actual():
    forecast, actual = np.array([110.0, 80.0]), np.array([100.0, 100.0])
    assert wape(forecast, actual) == pytest.approx(0.15)
    assert bias(forecast, actual) == pytest.approx(-0.05)
    assert np.isnan(wape(forecast, 0 * actual))
    assert np.isnan(bias(forecast, 0 * actual))
