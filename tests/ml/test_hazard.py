from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.features import MONTHS
from ml.hazard import BLEND, BOOSTING, LOGISTIC, TooLittleToLearn, fit_hazard
from ml.hazard.boosting import fit_trees, tabulated
from ml.hazard.calibration import fit_calibration, log_loss_of
from ml.hazard.curve import exposure, hazard_of, risk_within
from ml.hazard.fitting import _horizon_of
from ml.hazard.logistic import fit_logistic
from ml.hazard.model import Calibration
from ml.labels import Periods, periods_of
from ml.signals import SIGNALS

WILD = st.one_of(st.floats(-1e6, 1e6), st.floats(-2, 2), st.just(float("nan")))


def account(values):
    return pd.DataFrame([values], columns=[signal.code for signal in SIGNALS])


def test_tables_give_the_trees_own_log_odds(panel):
    periods = periods_of(panel)
    values, horizon = panel.values[periods.row], _horizon_of(periods)
    trees = fit_trees(values, horizon, periods.churned, seed=3)
    model = tabulated(trees)
    rng = np.random.default_rng(0)
    probes = values[rng.integers(len(values), size=600)]
    probes[rng.random(probes.shape) < 0.1] = np.nan
    probes[:200] = rng.normal(0, 50, (200, probes.shape[1]))
    for shape, column in zip(model.shapes, range(probes.shape[1]), strict=True):
        if len(shape.thresholds):
            probes[-1 - column, column] = shape.thresholds[0]
    month, renewal = rng.integers(1, MONTHS + 1, len(probes)), rng.random(len(probes)) < 0.5
    theirs = trees._raw_predict(np.column_stack([probes, month, renewal])).ravel()
    ours = model.raw_log_odds(probes, np.repeat(renewal[:, None], MONTHS, axis=1))
    np.testing.assert_allclose(ours[np.arange(len(probes)), month - 1], theirs, rtol=0, atol=1e-9)
    assert sum(len(shape.thresholds) > 0 for shape in model.shapes) > 5


@settings(max_examples=40, deadline=None)
@given(
    values=st.lists(WILD, min_size=len(SIGNALS), max_size=len(SIGNALS)),
    due=st.lists(st.booleans(), min_size=MONTHS, max_size=MONTHS),
)
def test_survival_is_a_chance_and_risk_never_falls_with_the_horizon(boosted, logistic, values, due):
    for model in (boosted, logistic):
        features, flags = account(values), np.array([due])
        alive = model.survival(features, flags)
        assert ((alive >= 0) & (alive <= 1)).all()
        assert (np.diff(alive, axis=1) <= 0).all()
        risk = model.risk_at(features, flags, (0, 1, 30, 45, 90, 180, 364, 365))
        assert ((risk >= 0) & (risk <= 1)).all()
        assert (np.diff(risk, axis=1) >= -1e-15).all()
        assert risk[0, 0] == 0
        assert risk[0, -1] == pytest.approx(1 - alive[0, -1])


@settings(max_examples=40, deadline=None)
@given(
    place=st.integers(0, len(SIGNALS) - 1), low=st.floats(-100, 100), more=st.floats(0, 100), row=st.integers(0, 10_000)
)
def test_risk_moves_only_in_the_signals_direction(boosted, logistic, today, place, low, more, row):
    signal = SIGNALS[place]
    at = row % len(today.values)
    lower = today.values.iloc[[at]].assign(**{signal.code: low})
    higher = lower.assign(**{signal.code: low + more})
    for model in (boosted, logistic):
        flags = today.flags[[at]]
        change = model.risk_at(higher, flags) - model.risk_at(lower, flags)
        assert (change * signal.direction >= -1e-12).all()


def test_within_a_month_the_hazard_is_constant():
    log_odds = np.full((1, MONTHS), -2.0)
    half, whole = risk_within(log_odds, 15)[0], risk_within(log_odds, 30)[0]
    assert (1 - half) ** 2 == pytest.approx(1 - whole)
    assert whole == pytest.approx(hazard_of(np.array(-2.0)))


def test_a_horizon_beyond_a_year_is_refused():
    assert exposure(365).sum() == MONTHS
    with pytest.raises(ValueError, match="horizon"):
        exposure(366)


def test_renewal_probability_is_survival_after_the_renewals_month(model, today):
    month = np.arange(len(today.values)) % MONTHS + 1
    alive = model.survival(today.values, today.flags)
    chance = model.renewal_probability(today.values, today.flags, month)
    np.testing.assert_array_equal(chance, alive[np.arange(len(month)), month - 1])
    with pytest.raises(ValueError, match="month"):
        model.renewal_probability(today.values, today.flags, month * 0)


def test_lifetime_within_the_year_is_at_most_twelve_and_extrapolated_beyond(model, today):
    lifetime = model.expected_lifetime_months(today.values, today.flags)
    assert ((lifetime.within_year >= 0) & (lifetime.within_year <= 12)).all()
    assert (lifetime.in_all >= lifetime.within_year).all()


def test_a_renewal_raises_the_hazard_of_its_month(model, today):
    due, quiet = np.zeros((1, MONTHS), bool), np.zeros((1, MONTHS), bool)
    due[0, 1] = True
    features = today.values.assign(term=12.0).iloc[[0]]
    assert model.hazards(features, due)[0, 1] > 3 * model.hazards(features, quiet)[0, 1]


def test_a_missing_column_is_named(model, today):
    with pytest.raises(ValueError, match="usage_change"):
        model.hazards(today.values.drop(columns="usage_change"), today.flags)


def test_too_few_churns_teach_nothing(panel):
    gone = np.unique(panel.account[~np.isnan(panel.leaves_in)])
    with pytest.raises(TooLittleToLearn, match="needs at least 30"):
        fit_hazard(panel.rows(~np.isin(panel.account, gone[20:])), seed=1)


def test_a_blend_is_the_mean_of_its_models_also_for_values_at_their_steps_and_unknown_ones(
    panel, boosted, logistic, blend
):
    rows = panel.rows(np.arange(0, len(panel), 7))
    values = np.where(np.random.default_rng(1).random(rows.values.shape) < 0.1, np.nan, rows.values)
    for column, shape in enumerate(blend.shapes):
        values[: len(shape.thresholds), column] = shape.thresholds[: len(values)]
    both = [model.raw_log_odds(values, rows.flags) for model in (boosted, logistic)]
    np.testing.assert_allclose(blend.raw_log_odds(values, rows.flags), np.mean(both, axis=0), rtol=1e-12, atol=1e-12)


def test_months_beyond_those_observed_repeat_the_furthest(panel):
    early = panel.landmark.min().item() + timedelta(days=200)
    model = fit_hazard(panel, seed=1, until=early, fewest=1, learner=LOGISTIC)
    assert model.months_seen < MONTHS
    assert (model.base[:, model.months_seen :] == model.base[:, [model.months_seen - 1]]).all()


def test_the_same_seed_gives_the_same_model(panel, boosted):
    again = fit_hazard(panel, seed=1, learner=BOOSTING)
    assert all((one.table == two.table).all() for one, two in zip(again.shapes, boosted.shapes, strict=True))


def test_a_source_that_never_spoke_stops_no_learner(panel):
    silent = replace(panel, values=np.where(np.arange(len(SIGNALS)) < 3, np.nan, panel.values))
    for learner in (BLEND, BOOSTING, LOGISTIC):
        model = fit_hazard(silent, seed=1, learner=learner)
        told = [model.raw_log_odds(rows.values, rows.flags) for rows in (silent, panel)]
        assert np.isfinite(told).all()
        np.testing.assert_allclose(*told, atol=1e-3)


def test_calibration_recovers_a_distortion_and_leaves_the_right_alone():
    rng = np.random.default_rng(1)
    truth = rng.normal(-3, 1.5, 60_000)
    churned = rng.random(len(truth)) < hazard_of(truth)
    found = fit_calibration(2 * truth + 1, churned)
    assert found.slope == pytest.approx(0.5, abs=0.03)
    assert found.intercept == pytest.approx(-0.5, abs=0.06)
    assert log_loss_of(2 * truth + 1, churned, found) < log_loss_of(2 * truth + 1, churned, Calibration())
    assert fit_calibration(truth, churned).slope == pytest.approx(1, abs=0.05)
    assert fit_calibration(truth[:0], churned[:0]) == Calibration()


def test_few_churns_move_a_calibration_little():
    rng = np.random.default_rng(2)
    log_odds = rng.normal(-4, 1, 200)
    assert abs(fit_calibration(log_odds, rng.random(200) < 0.02).slope - 1) < 0.5


def test_a_calibration_of_hazards_that_are_far_off_is_a_calibration():
    log_odds = np.linspace(-900, 900, 400)
    found = fit_calibration(log_odds, np.arange(400) % 3 == 0)
    assert 0 <= found.slope < 0.1
    assert abs(found.intercept) < 5


@pytest.mark.parametrize("furthest", [1, 2, 6, 7, 9, 11, MONTHS])
def test_what_counts_alike_in_all_months_is_learnt_so_however_far_training_saw(furthest):
    rng = np.random.default_rng(furthest)
    values = rng.normal(size=(6_000, len(SIGNALS)))
    seen_for = rng.integers(1, furthest + 1, len(values))
    row = np.repeat(np.arange(len(values)), seen_for)
    month = np.concatenate([np.arange(1, months + 1) for months in seen_for])
    churned = rng.random(len(row)) < hazard_of(-3 + 0.8 * values[row, 2])
    model = fit_logistic(values, Periods(row, month, row % 2 == 0, churned), int(churned.sum()))
    low, high = model.raw_log_odds(np.outer([-1, 1], np.eye(len(SIGNALS))[2]), np.zeros((2, MONTHS), bool))
    assert (high - low)[:furthest] / 2 == pytest.approx(np.full(furthest, 0.8), abs=0.25)


def test_what_a_signal_says_of_near_months_and_of_far_ones_is_learnt_apart():
    rng = np.random.default_rng(3)
    values = rng.normal(size=(4_000, len(SIGNALS)))
    near, far = [place for place, signal in enumerate(SIGNALS) if signal.direction >= 0][:2]
    row, month = np.divmod(np.arange(4_000 * MONTHS), MONTHS)
    share = np.log(month + 1) / np.log(MONTHS)
    log_odds = -3 + 1.5 * (1 - share) * values[row, near] + 1.5 * share * values[row, far]
    periods = Periods(row, month + 1, row % 2 == 0, rng.random(len(row)) < hazard_of(log_odds))
    model = fit_logistic(values, periods, 4_000)

    def weights(place):
        low, high = model.raw_log_odds(np.outer([-1, 1], np.eye(len(SIGNALS))[place]), np.zeros((2, MONTHS), bool))
        return (high - low)[[0, MONTHS - 1]] / 2

    assert weights(near) == pytest.approx([1.5, 0], abs=0.3)
    assert weights(far) == pytest.approx([0, 1.5], abs=0.3)
