"""The proofs: a model only where there is something to know, and then one that beats its rivals."""

import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from simulated import simulated_book

from app.demo.company import simulate
from ml import evaluate as evaluating
from ml.artifacts import dump, load
from ml.checks.backtest import calibrations, cuts_to_test, outcomes_at, rival_risks, walk_forward
from ml.checks.baselines import base_rate, spreadsheet
from ml.checks.readiness import verdict_on
from ml.checks.shuffling import fates_shuffled
from ml.evaluate import Outcomes, calibration_slope, log_loss, roc_auc
from ml.features import features_as_of
from ml.hazard import LOGISTIC
from ml.labels import landmarks_before, panel_of
from ml.learning import Lesson, learn, learn_from, learner_of, sampled
from tests.demo_facts import facts_of


@pytest.fixture(scope="module", autouse=True)
def _fewer_redraws():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluating, "DRAWS", 100)
        yield


@pytest.fixture(scope="module")
def signal(end):
    return simulated_book(accounts=260, months=20, seed=2)[0]


@pytest.fixture(scope="module")
def learned(signal, end):
    return learn(signal, end, seed=1)


def lesson_of(facts, end, seed=1):
    landmarks = landmarks_before(facts.first_day, end)
    return Lesson(panel_of(facts, end, landmarks), landmarks, end, seed)


def with_fates_shuffled(lesson, seed):
    return replace(lesson, panel=fates_shuffled(lesson.panel, seed), seed=seed)


def test_a_book_with_signal_gets_a_model_that_beats_both_rivals(learned):
    assert learned.verdict.ready, learned.verdict.sentences
    found = learned.report["unseen_months"]["90"]["measures"]
    assert found["roc_auc"]["low"] > 0.6
    assert found["brier_skill"]["value"] > 0
    for rival in learned.report["baselines"].values():
        assert rival["compared"]["difference"] < 0
        assert rival["compared"]["share_lower"] > 0.9


def test_the_report_says_what_was_tried_and_fits_into_json(learned):
    again = json.loads(json.dumps(learned.report, allow_nan=False))
    assert again["challenger"]["measures"]["roc_auc"]["value"] > 0.6
    assert again["unseen_accounts"]["measures"]["roc_auc"]["value"] > 0.6
    assert set(again["unseen_months"]) == {"30", "90", "180", "365"}
    assert again["unseen_months"]["365"] is None  # no landmark kept for judging is a year old
    assert again["libraries"]["scikit-learn"]
    assert sum(each["rows"] for each in again["unseen_months"]["90"]["bins"]) == again["unseen_months"]["90"]["rows"]
    assert again["cuts"][0][0] > again["landmarks"][0]


def test_the_learnt_model_can_be_kept_and_ranks_the_book(learned, signal, end):
    model = load(json.loads(json.dumps(dump(learned.model))))
    assert model.about["as_of"] == end.isoformat()
    assert set(model.about["reference"]["signals"]) == set(model.codes)
    assert len(features_as_of(signal, end)) == model.about["reference"]["rows"]


def test_a_young_book_is_judged_on_the_months_that_have_something_behind_them(signal, end):
    landmarks = landmarks_before(signal.first_day, end)[-8:]
    young = Lesson(panel_of(signal, end, landmarks), landmarks, end, 1)
    assert young.cuts == cuts_to_test(landmarks, end)[2:]
    assert learn_from(young).report["baselines"]["base_rate"]["compared"]["difference"]


def test_the_same_seed_learns_the_same(signal, end, learned):
    again = learn(signal, end, seed=1)
    assert json.dumps(again.report) == json.dumps(learned.report)
    assert json.dumps(dump(again.model)) == json.dumps(dump(learned.model))


def test_shuffled_fates_are_refused_in_nineteen_of_twenty_runs(signal, end):
    lesson = lesson_of(signal, end)
    verdicts = [learn_from(with_fates_shuffled(lesson, seed)).verdict for seed in range(20)]
    assert sum(not verdict.ready for verdict in verdicts) >= 19
    assert all(
        verdict.sentences[0].startswith("No model can be trusted here") for verdict in verdicts if not verdict.ready
    )


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_a_book_in_which_nothing_foretells_churn_is_refused(end, seed):
    noise, _ = simulated_book(accounts=220, months=20, seed=seed, signal=0.0)
    learned = learn(noise, end, seed=seed)
    assert not learned.verdict.ready
    assert learned.model is None
    json.dumps(learned.report, allow_nan=False)


def test_half_a_year_of_history_is_the_least(signal):
    learned = learn(signal, signal.first_day + timedelta(days=150), seed=1)
    assert "months of history; 6 are needed" in learned.verdict.sentences[0]


def test_thirty_churns_are_the_least(end):
    few, _ = simulated_book(accounts=30, months=18, seed=2)
    learned = learn(few, end, seed=1)
    assert "accounts churned; 30 are needed" in learned.verdict.sentences[0]


def test_nothing_known_after_the_day_changes_what_is_learnt(signal, end):
    day = end - timedelta(days=45)
    later = np.datetime64(day, "s")
    clipped = replace(
        signal,
        usage=signal.usage[:, :, : (day - signal.first_day).days + 1],
        interactions=signal.interactions[signal.interactions["known_on"] <= later].reset_index(drop=True),
        invoices=signal.invoices[signal.invoices["issued_on"] <= later].reset_index(drop=True),
        subscriptions=signal.subscriptions[signal.subscriptions["started_on"] <= later].reset_index(drop=True),
    )
    whole, cut = (lesson_of(facts, day).panel for facts in (signal, clipped))
    np.testing.assert_array_equal(whole.values, cut.values)
    np.testing.assert_array_equal(whole.leaves_in, cut.leaves_in)


def test_a_large_book_is_sampled_by_whole_accounts(signal, monkeypatch):
    monkeypatch.setattr("ml.learning.MOST_ACCOUNTS", 50)
    part = sampled(signal, seed=3)
    assert len(part) == 50
    assert set(part.accounts["id"]) < set(signal.accounts["id"])


def test_a_verdict_names_each_doubt():
    found = {
        "churned_accounts": 30,
        "measures": {"roc_auc": {"value": 0.503, "low": 0.43, "high": 0.58}, "calibration_slope": {"value": 0.1}},
    }
    verdict = verdict_on(found, {"share_lower": 0.2}, {"share_lower": 0.95})
    assert not verdict.ready
    assert verdict.sentences[0].startswith(
        "No model can be trusted here: on months it had not seen, it ranks churns no"
    )
    assert "0.503 AUC" in verdict.sentences[0]
    assert "base rate: better in 20 % of redraws" in verdict.sentences[1]
    assert "slope 0.100" in verdict.sentences[2]
    few = verdict_on({**found, "churned_accounts": 3}, {"share_lower": 1.0}, {"share_lower": 1.0})
    assert "only 3 accounts churned" in few.sentences[0]


def test_risks_that_are_too_extreme_are_not_said_to_be_chances(learned):
    found = learned.report["unseen_months"]["90"]
    for value, words in ((1.0, "read as chances"), (0.7, "too high and its low ones too low"), (1.4, "too low and")):
        slope = {"value": value, "low": value - 0.05, "high": value + 0.05}
        measures = {**found["measures"], "calibration_slope": slope}
        verdict = verdict_on({**found, "measures": measures}, {"share_lower": 1.0}, {"share_lower": 1.0})
        assert verdict.ready
        assert words in verdict.sentences[-1]


@pytest.mark.parametrize(
    ("value", "words"), [(1.3, "too low (for each account expected to leave 1.30 did)"), (0.7, "too high")]
)
def test_risks_that_add_up_to_too_few_or_too_many_are_not_said_to_be_chances(learned, value, words):
    found = learned.report["unseen_months"]["90"]
    level = {"value": value, "low": value - 0.1, "high": value + 0.1}
    right = {"value": 1.0, "low": 0.9, "high": 1.1}
    measures = {**found["measures"], "calibration_slope": right, "left_to_expected": level}
    verdict = verdict_on({**found, "measures": measures}, {"share_lower": 1.0}, {"share_lower": 1.0})
    assert words in verdict.sentences[-1]
    assert "read as chances" not in verdict.sentences[-1]


def test_on_five_simulated_companies_the_model_beats_both_rivals_and_its_risks_are_chances():
    """Seeds 1 to 12 served to set the ridge and the verdict's thresholds, so they prove nothing: these did not.

    One book of 400 accounts has some 35 churns to judge by, and on about one in five the model does not win (the
    verdict then refuses it), hence four of five, and all five taken together.
    """
    together, rivals_together, beats = [], [], []
    for seed in range(101, 106):
        company = simulate(accounts=400, months=24, seed=seed)
        lesson = lesson_of(facts_of(company), company.ends_on, seed)
        blocks = walk_forward(lesson.panel, cuts_to_test(lesson.landmarks, lesson.as_of), learner_of(LOGISTIC, seed))
        nested, _, _ = calibrations(blocks, lesson.as_of)
        ours = outcomes_at(blocks, nested)
        rivals = [ours.with_risk(rival_risks(lesson.panel, blocks, rival)) for rival in (base_rate, spreadsheet)]
        loss, *losses = (log_loss(each, np.ones((1, len(each))))[0] for each in (ours, *rivals))
        beats.append(loss < min(losses))
        together.append(ours)
        rivals_together.append([rival.risk for rival in rivals])
    pooled = Outcomes(
        *(
            np.concatenate([getattr(each, name) for each in together])
            for name in ("risk", "churned", "account", "landmark", "arr")
        )
    )
    one = np.ones((1, len(pooled)))
    assert sum(beats) >= 4
    for risk in (np.concatenate(column) for column in zip(*rivals_together, strict=True)):
        assert log_loss(pooled, one)[0] < log_loss(pooled.with_risk(risk), one)[0]
    assert 0.8 <= calibration_slope(pooled, one)[0] <= 1.2
    assert 0.7 <= roc_auc(pooled, one)[0] <= 0.9
