import json

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from ml import evaluate as of
from ml.evaluate import Outcomes, compare, evaluate


def outcomes(rows=1500, seed=1, honest=True, accounts=300):
    rng = np.random.default_rng(seed)
    risk = np.round(rng.beta(0.7, 6, rows), 2).clip(0.005, 0.995)
    churned = (rng.random(rows) < (risk if honest else rng.permutation(risk))).astype(float)
    landmark = np.datetime64("2026-01-01", "D") + 30 * rng.integers(0, 4, rows)
    return Outcomes(risk, churned, rng.integers(0, accounts, rows), landmark, np.exp(rng.normal(8, 1, rows)))


ONE = np.ones((1, 1500))


def test_measures_agree_with_scikit_learn_ties_included():
    given = outcomes()
    assert of.roc_auc(given, ONE)[0] == pytest.approx(roc_auc_score(given.churned, given.risk))
    assert of.pr_auc(given, ONE)[0] == pytest.approx(average_precision_score(given.churned, given.risk))
    assert of.brier(given, ONE)[0] == pytest.approx(brier_score_loss(given.churned, given.risk))
    assert of.log_loss(given, ONE)[0] == pytest.approx(log_loss(given.churned, given.risk))


def test_weights_count_rows_as_often_as_they_say():
    given = outcomes()
    times = np.random.default_rng(3).integers(0, 3, len(given))
    repeated = given.rows(np.repeat(np.arange(len(given)), times))
    for name, measure in of.MEASURES.items():
        if name != "calibration_error":  # its bins are cut on the rows given
            assert measure(given, times[None].astype(float))[0] == pytest.approx(
                measure(repeated, np.ones((1, len(repeated))))[0]
            ), name


def test_calibration_slope_is_that_of_a_logistic_regression():
    given = outcomes()
    log_odds = np.log(given.risk / (1 - given.risk))[:, None]
    theirs = LogisticRegression(C=1e9, tol=1e-9, max_iter=1000).fit(log_odds, given.churned).coef_[0, 0]
    assert of.calibration_slope(given, ONE)[0] == pytest.approx(theirs, rel=1e-3)


def test_risks_too_high_have_a_negative_intercept():
    given = outcomes()
    doubled = given.with_risk(np.minimum(2 * given.risk, 0.99))
    assert of.calibration_intercept(doubled, ONE)[0] < -0.4
    assert abs(of.calibration_intercept(given, ONE)[0]) < 0.2


def test_lift_of_a_constant_risk_is_one_and_of_an_oracle_ten():
    given = outcomes()
    assert of.top_decile_lift(given.with_risk(np.full(len(given), 0.1)), ONE)[0] == pytest.approx(1)
    rare = given.rows(np.arange(len(given)) < 1500)
    rare = Outcomes(rare.risk, (np.arange(1500) < 100).astype(float), rare.account, rare.landmark, rare.arr)
    assert of.top_decile_lift(rare.with_risk(rare.churned), ONE)[0] == pytest.approx(10)


def test_captured_revenue_counts_each_landmarks_top_by_revenue_at_risk():
    day = np.array(["2026-01-01"] * 3 + ["2026-02-01"] * 2, "datetime64[D]")
    given = Outcomes(
        np.array([0.5, 0.9, 0.1, 0.2, 0.3]),
        np.array([1.0, 1, 0, 1, 0]),
        np.arange(5),
        day,
        np.array([100.0, 10, 10, 50, 10]),
    )
    assert of.top_by_landmark(given, 1).tolist() == [True, False, False, True, False]
    assert of.arr_captured(1)(given, np.ones((1, 5)))[0] == pytest.approx(150 / 160)


def test_no_churn_means_not_known_rather_than_zero():
    quiet = outcomes()
    quiet = Outcomes(quiet.risk, np.zeros(len(quiet)), quiet.account, quiet.landmark, quiet.arr)
    found = evaluate(quiet, seed=1)
    assert found["measures"]["roc_auc"] == {"value": None, "low": None, "high": None}


def test_intervals_hold_the_figure_and_widen_with_fewer_accounts():
    many, few = (
        evaluate(outcomes(), seed=1)["measures"]["roc_auc"],
        evaluate(outcomes(accounts=15), seed=1)["measures"]["roc_auc"],
    )
    assert many["low"] < many["value"] < many["high"]
    assert few["high"] - few["low"] < 1
    json.dumps(evaluate(outcomes(), seed=1), allow_nan=False)


def test_the_interval_of_noise_covers_chance():
    covered = [
        found["low"] <= 0.5 <= found["high"]
        for found in (evaluate(outcomes(600, seed, honest=False), seed)["measures"]["roc_auc"] for seed in range(12))
    ]
    assert sum(covered) >= 10


def test_repeats_of_an_account_do_not_narrow_the_interval():
    given = outcomes(300, accounts=10_000)
    thrice = given.rows(np.tile(np.arange(300), 3))
    once, tripled = (evaluate(each, seed=4)["measures"]["roc_auc"] for each in (given, thrice))
    assert tripled["high"] - tripled["low"] > 0.85 * (once["high"] - once["low"])


def test_a_paired_comparison_prefers_the_honest_risk():
    given = outcomes()
    noisy = np.clip(given.risk + np.random.default_rng(0).normal(0, 0.1, len(given)), 0.01, 0.99)
    found = compare(given.risk, noisy, given, seed=1)
    assert found["share_lower"] > 0.99
    assert found["high"] < 0
    assert compare(given.risk, given.risk, given, seed=1)["share_lower"] == 0


def test_bins_count_every_row():
    bins = of.calibration_bins(outcomes())
    assert sum(each["rows"] for each in bins) == 1500
    assert [each["risk"] for each in bins] == sorted(each["risk"] for each in bins)
