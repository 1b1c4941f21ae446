"""A newcomer takes the place of the model in force only where both are asked about what neither has seen."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from ml.checks.backtest import calibrations, cuts_to_test, outcomes_at, rows_at, walk_forward
from ml.checks.hits import hits_of
from ml.checks.limits import limits_of
from ml.checks.segments import by_segment
from ml.checks.succession import Incumbent, contest, outlast, succeed
from ml.evaluate import Outcomes, left_to_expected
from ml.facts import empty
from ml.hazard import LOGISTIC, fit_hazard
from ml.labels import landmarks_before
from ml.learning import learner_of

LEARNT = 150  # days before the end, up to which the incumbent has learnt


@pytest.fixture(scope="module")
def landmarks(book, end):
    return landmarks_before(book.first_day, end)


@pytest.fixture(scope="module")
def incumbent(panel, end):
    until = end - timedelta(days=LEARNT)
    return Incumbent(fit_hazard(panel, seed=1, until=until, fewest=5, learner=LOGISTIC), until)


@pytest.fixture(scope="module")
def learn():
    return learner_of(LOGISTIC, seed=1)


def held(panel, landmarks, end, incumbent, learn):
    return contest(panel, landmarks, end, incumbent, learn, seed=1)


def with_table(incumbent, shift):
    """An incumbent whose log-odds are all off by as much."""
    return replace(incumbent, model=replace(incumbent.model, base=incumbent.model.base + shift))


def test_only_months_after_both_had_learnt_are_asked_about(panel, landmarks, end, incumbent, learn):
    found = held(panel, landmarks, end, incumbent, learn)
    assert found["learnt_until"] == incumbent.learnt_until.isoformat() <= found["first_month"]
    assert found["churned_accounts"] == len(
        np.unique(
            panel.account[(panel.landmark >= np.datetime64(found["first_month"])) & (panel.leaves_in <= panel.seen_for)]
        )
    )


def test_the_same_way_of_learning_is_no_better_than_itself(panel, landmarks, end, incumbent, learn):
    found = held(panel, landmarks, end, incumbent, learn)
    assert not succeed(found, end).takes_over
    assert outlast(found).takes_over


def test_a_model_that_is_far_off_is_followed_and_does_not_outlast_the_base_rate(
    panel, landmarks, end, incumbent, learn
):
    found = held(panel, landmarks, end, with_table(incumbent, 3.0), learn)
    decision = succeed(found, end)
    assert decision.takes_over
    assert "It beat the model in force: on" in decision.why
    assert not outlast(found).takes_over


def test_without_a_learner_the_incumbent_alone_is_held_against_the_base_rate(panel, landmarks, end, incumbent):
    found = held(panel, landmarks, end, incumbent, None)
    assert found["newcomer"] is None
    assert found["base_rate"]["difference"] is not None


def test_a_model_of_last_week_cannot_be_compared_and_stays(panel, landmarks, end, incumbent, learn):
    found = held(panel, landmarks, end, replace(incumbent, learnt_until=end - timedelta(days=7)), learn)
    assert (found["churned_accounts"], found["newcomer"], found["base_rate"]) == (0, None, None)
    decision = succeed(found, end)
    assert not decision.takes_over
    assert "no account left" in decision.why
    assert outlast(found).takes_over
    assert succeed(found, end + timedelta(days=200)).takes_over


# --- what a report says besides ---


@pytest.fixture(scope="module")
def tested(panel, landmarks, end, learn):
    blocks = walk_forward(panel, cuts_to_test(landmarks, end), learn)
    nested, _, _ = calibrations(blocks, end)
    return outcomes_at(blocks, nested), rows_at(blocks)


def test_the_segments_of_a_kind_add_up_to_the_whole(tested, book):
    outcomes, rows = tested
    tiers = np.array(["gold", "basic"], dtype=object)[np.arange(len(book)) % 2]
    found = by_segment(outcomes, rows, tiers, {"base_rate": np.full(len(outcomes), 0.1)}, seed=1)
    for kind in ("tier", "contract"):
        assert sum(each["rows"] for each in found if each["kind"] == kind) == len(outcomes)
        assert sum(each["churned_rows"] for each in found if each["kind"] == kind) == outcomes.churned.sum()
    assert {each["segment"] for each in found if each["kind"] == "tier"} == {"gold", "basic"}
    assert all(each["baselines"]["base_rate"]["share_lower"] is not None for each in found if each["measures"])


def test_one_tier_is_no_split_and_few_churns_are_not_measured(tested, book):
    outcomes, rows = tested
    assert {each["kind"] for each in by_segment(outcomes, rows, np.full(len(book), "", object), {}, 1)} == {"contract"}
    rare = np.where(np.arange(len(book)) < 3, "rare", "other").astype(object)
    (few,) = [each for each in by_segment(outcomes, rows, rare, {}, 1) if each["segment"] == "rare"]
    assert few["measures"] is None
    assert few["accounts"] <= 3


def test_hits_count_the_riskiest_tenth_and_the_others_of_each_day(tested):
    outcomes, _ = tested
    hits = hits_of(outcomes)
    assert sum(each["left"] + each["others_left"] for each in hits) == outcomes.churned.sum()
    assert [each["landmark"] for each in hits] == sorted((each["landmark"] for each in hits), reverse=True)
    newest = outcomes.rows(outcomes.landmark == outcomes.landmark.max())
    riskiest = np.argsort(-newest.risk)[: hits[0]["ranked"]]
    assert hits[0]["left"] == newest.churned[riskiest].sum()


def test_as_many_left_as_expected_is_one():
    outcomes = Outcomes(
        np.array([0.5, 0.5]),
        np.array([1.0, 0.0]),
        np.array([0, 1]),
        np.full(2, np.datetime64("2026-01-01")),
        np.ones(2),
    )
    assert left_to_expected(outcomes, np.ones((1, 2))).tolist() == [1.0]
    assert left_to_expected(outcomes.with_risk(np.array([0.4, 0.4])), np.ones((1, 2))).tolist() == [1.25]


def test_a_model_says_what_it_does_not_know(incumbent):
    report = {
        "churns": 40, "accounts": 5_000,
        "unseen_months": {"30": off(0.9, 0.8, 1.1), "90": off(1.1, 0.9, 1.3), "180": off(1.4, 1.1, 1.8), "365": None},
        "segments": [{"segment": "gold", "measures": None}],
    }  # fmt: skip
    said = " ".join(limits_of(replace(incumbent.model, months_seen=8, about={"tempered": 0.8}), report, is_sample=True))
    for words in (
        "counts 80 %",
        "40 accounts leave",
        "longer than 8 months",
        "within 365 days",
        "Within 180 days 1.40 accounts left for each one expected (1.10 to 1.80): its risks of that length are too low",
        "gold",
        "sample of 5000",
    ):
        assert words in said
    assert "Within 90 days" not in said
    assert "Within 30 days" not in said


def off(value, low, high):
    return {"measures": {"left_to_expected": {"value": value, "low": low, "high": high}}}


def test_accounts_may_come_without_segments(book):
    assert set(book.segments) == {""}
    named = replace(book, accounts=book.accounts.assign(segment=["a", None] * (len(book) // 2)))
    assert named.check().of_accounts(np.array([1, 2])).segments.tolist() == ["", "a"]
    assert "segment" not in empty("accounts")
