"""The true chances to leave that shown risks are held against."""

from datetime import date, timedelta

import numpy as np
import pytest

from app.demo.company import simulate
from benchmarks.truth import true_risk

ENDS_ON = date(2026, 10, 31)
AS_OF = ENDS_ON - timedelta(days=91)


@pytest.fixture(scope="module")
def company():
    return simulate(6000, 27, 3, ENDS_ON)


@pytest.fixture(scope="module")
def paying(company):
    """Positions that paid at the end of the day and had not given notice of an end known by then."""
    rows, day = company.subscriptions, np.datetime64(AS_OF)
    running = rows[(rows["started_on"] <= day) & ~(rows["ended_on"] <= day)]
    told = running["account"][running["known_end_on"] <= day]
    return np.setdiff1d(running["account"], told)


def test_as_many_leave_as_the_true_chances_say(company, paying):
    chance = true_risk(company, AS_OF, 90).come[paying]
    churns, day = company.truth.churns, np.datetime64(AS_OF)
    gone = churns[(churns["churned_on"] > day) & (churns["churned_on"] <= day + np.timedelta64(90, "D"))]
    left = np.isin(paying, gone["account"])
    spread = np.sqrt((chance * (1 - chance)).sum())
    assert abs(left.sum() - chance.sum()) < 3 * spread
    likely = chance > 0.2
    assert left[likely].mean() == pytest.approx(chance[likely].mean(), abs=0.1)


def test_what_was_known_misses_only_causes_to_come(company, paying):
    truth = true_risk(company, AS_OF, 90)
    assert truth.known[paying].sum() < truth.come[paying].sum()
    assert np.corrcoef(truth.known[paying], truth.come[paying])[0, 1] > 0.9


def test_nobody_leaves_in_no_time(company):
    assert true_risk(company, AS_OF, 0).come.max() == 0
