"""A scorecard reads each figure off its curve, weighs what is known, and says nothing where too little is."""

import copy
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.health.cards.defaults import DEFAULT, ONBOARDING
from app.health.scorecard import SIGNALS, Card, band_of, score, share_of_each
from ml.signals import SIGNALS as MEASURED

CARD, EARLY = Card.of(DEFAULT), Card.of(ONBOARDING)
SCORES = st.integers(0, 400).map(lambda quarter: quarter / 4)
POINTS = st.lists(st.none() | st.floats(0, 100), min_size=len(CARD.measures), max_size=len(CARD.measures))


def values_of(**known):
    return {code: np.array([known.get(code, np.nan)]) for code in SIGNALS}


def small(**settings):
    """A card of two measures that weigh alike, one of them from usage."""
    definition = copy.deepcopy(DEFAULT)
    keep = {"days_since_use", "overdue"}
    for dimension in definition["dimensions"]:
        dimension["weight"] = 10
        dimension["measures"] = [m for m in dimension["measures"] if m["signal"] in keep]
    definition["dimensions"] = [d for d in definition["dimensions"] if d["measures"]]
    return Card.of(definition | settings)


def test_scores_keep_their_signals_in_the_order_of_the_models():
    assert tuple(signal.code for signal in MEASURED) == SIGNALS == tuple(DEFAULT["signals"])


def test_every_measure_reads_a_signal_there_is_and_a_source_with_a_deadline():
    for card, definition in ((CARD, DEFAULT), (EARLY, ONBOARDING)):
        assert {measure.signal for measure in card.measures} <= set(SIGNALS)
        assert {measure.source for measure in card.measures} <= card.deadlines.keys()
        assert card.weights.sum() == pytest.approx(sum(dimension["weight"] for dimension in definition["dimensions"]))


def test_every_curve_runs_in_one_direction_from_0_to_100():
    for measure in CARD.measures + EARLY.measures:
        figures, points = np.array(measure.curve).T
        assert (np.diff(figures) > 0).all(), measure.title
        assert (np.diff(points) >= 0).all() or (np.diff(points) <= 0).all(), measure.title
        assert (points.min(), points.max()) == (0, 100), measure.title


@pytest.mark.parametrize(
    ("figure", "points"),
    [(-5, 100), (0, 100), (2, 95), (4, 90), (9, 62.5), (14, 35), (30, 0), (999, 0), (np.nan, np.nan)],
)
def test_a_curve_joins_its_corners_by_straight_lines_and_is_flat_beyond_them(figure, points):
    measure = next(each for each in CARD.measures if each.signal == "days_since_use")
    assert measure.points(np.array([float(figure)]))[0] == pytest.approx(points, nan_ok=True)


def test_the_score_is_the_weighted_mean_of_what_is_known():
    whole = score(small(), values_of(days_since_use=0, overdue=10))
    assert (whole.score[0], whole.coverage[0]) == (80, 1)
    half = score(small(), values_of(overdue=10))
    assert (half.score[0], half.coverage[0]) == (60, 0.5)


def test_below_its_floor_of_coverage_the_score_abstains():
    floor = small(coverage_floor=0.51)
    assert np.isnan(score(floor, values_of(overdue=10)).score[0])
    assert score(floor, values_of(overdue=10, days_since_use=0)).score[0] == 80


def test_where_nothing_is_known_there_is_no_score_whatever_the_floor():
    nothing = score(small(coverage_floor=0.0), values_of())
    assert np.isnan(nothing.score[0])
    assert nothing.coverage[0] == 0


def test_a_book_of_nobody_has_no_scores():
    assert len(score(CARD, {code: np.array([]) for code in SIGNALS}).score) == 0


@given(POINTS)
def test_what_each_measure_brings_adds_up_to_the_score(points):
    shares = share_of_each(CARD, points)
    known = [(m.weight, p) for m, p in zip(CARD.measures, points, strict=True) if p is not None]
    assert [share is None for share in shares] == [point is None for point in points]
    if known:
        mean = sum(w * p for w, p in known) / sum(w for w, _ in known)
        assert sum(share for share in shares if share is not None) == pytest.approx(mean)


@pytest.mark.parametrize(
    ("value", "was", "band"),
    [
        (75, None, "thriving"), (74.9, None, "steady"), (58, None, "steady"), (57.9, None, "watch"),
        (42, None, "watch"), (41.9, None, "at risk"), (0, None, "at risk"), (None, "steady", "unknown"),
        (np.nan, "steady", "unknown"), (57, "steady", "steady"), (56, "steady", "steady"), (55.9, "steady", "watch"),
        (59, "watch", "watch"), (60, "watch", "steady"), (60.1, "watch", "steady"), (40, "steady", "at risk"),
        (60, "unknown", "steady"), (90, "at risk", "thriving"),
    ],
)  # fmt: skip
def test_a_band_is_left_only_by_more_than_the_hysteresis(value, was, band):
    assert band_of(_carded(), value, was) == band


def _carded():
    return small(bands=[["thriving", 75], ["steady", 58], ["watch", 42], ["at risk", 0]], hysteresis=2.0)


@given(SCORES, SCORES, st.sampled_from(["thriving", "steady", "watch", "at risk", "unknown", None]))
def test_scoring_the_same_again_never_moves_a_band(first, other, was):
    band = band_of(CARD, first, was)
    assert band_of(CARD, first, band) == band


@given(SCORES, st.lists(st.floats(0, 1), min_size=2, max_size=20))
def test_no_band_flaps_while_the_score_stays_within_the_hysteresis(low, noise):
    seen = [band_of(CARD, low, None)]
    for share in noise:
        seen.append(band_of(CARD, low + share * CARD.hysteresis, seen[-1]))
    assert sum(a != b for a, b in pairwise(seen)) <= 1
    assert len(set(seen)) <= 2


@pytest.mark.parametrize("broken", [{"bands": None}, {"dimensions": [{"code": "x"}]}])
def test_what_is_no_scorecard_is_refused(broken):
    with pytest.raises((KeyError, TypeError, ValueError)):
        Card.of(DEFAULT | broken)
