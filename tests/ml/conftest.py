"""Books for the tests of ml, made once a run: they are never changed in place."""

import sys
from datetime import date
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # importlib mode: neighbours are found here

from simulated import simulated_book

from ml.features import snapshot_as_of
from ml.hazard import BLEND, BOOSTING, LOGISTIC, fit_hazard
from ml.labels import landmarks_before, panel_of

END = date(2026, 6, 30)


@pytest.fixture(scope="session")
def end():
    return END


@pytest.fixture(scope="session")
def book():
    return simulated_book(accounts=200, months=18, seed=1)[0]


@pytest.fixture(scope="session")
def panel(book):
    return panel_of(book, END, landmarks_before(book.first_day, END))


@pytest.fixture(scope="session")
def today(book):
    return snapshot_as_of(book, END)


@pytest.fixture(scope="session")
def boosted(panel):
    return fit_hazard(panel, seed=1, learner=BOOSTING)


@pytest.fixture(scope="session")
def logistic(panel):
    return fit_hazard(panel, seed=1, learner=LOGISTIC)


@pytest.fixture(scope="session")
def blend(panel):
    return fit_hazard(panel, seed=1, learner=BLEND)


@pytest.fixture(params=["boosted", "logistic", "blend"])
def model(request):
    return request.getfixturevalue(request.param)
