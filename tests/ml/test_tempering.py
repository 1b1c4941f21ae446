"""A model too bold about what it learnt from is tempered; one that is too timid stays as careful as it is."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from ml.evaluate import MEASURES, Outcomes
from ml.features import MONTHS
from ml.hazard import LOGISTIC, fit_hazard, fitting
from ml.hazard.curve import risk_within
from ml.hazard.tempering import tempered
from ml.labels import HORIZON, Panel
from ml.signals import SIGNALS

SILENCE = [signal.code for signal in SIGNALS].index("days_since_use")
BUYS_A_DAY = 0.012


def shop(seed, customers=3_000):
    """Customers of a shop, lost when 90 days pass without a purchase: the longest silent leave first or are safe."""
    rng = np.random.default_rng(seed)
    silent = rng.uniform(0, HORIZON, customers)
    buys_again = rng.exponential(1 / BUYS_A_DAY, customers)
    lost = buys_again > HORIZON - silent
    values = np.full((customers, len(SIGNALS)), np.nan)
    values[:, SILENCE] = silent
    return Panel(
        account=np.arange(customers),
        landmark=np.full(customers, np.datetime64("2026-01-01")),
        values=values,
        flags=np.zeros((customers, MONTHS), dtype=bool),
        arr=np.ones(customers),
        days_to_renewal=np.full(customers, np.nan),
        leaves_in=np.where(lost, HORIZON - silent, np.nan),
        seen_for=np.full(customers, 92.0),
    )


def judged(model, panel):
    """Give the slope and the log loss of the risks within HORIZON."""
    risk = risk_within(model.raw_log_odds(panel.values, panel.flags), HORIZON)
    outcomes = Outcomes(risk, panel.churned_within(HORIZON), panel.account, panel.landmark, panel.arr)
    return [float(MEASURES[name](outcomes, np.ones((1, len(panel))))[0]) for name in ("calibration_slope", "log_loss")]


@pytest.fixture
def untempered(monkeypatch):
    """A model of a shop as its months alone would have it."""
    with monkeypatch.context() as patch:
        patch.setattr(fitting, "tempered", lambda model, *_: model)
        return fit_hazard(shop(1), seed=1, learner=LOGISTIC)


def test_risks_of_customers_who_leave_by_silence_are_chances(untempered):
    model, others = fit_hazard(shop(1), seed=1, learner=LOGISTIC), shop(2)
    bold, loss_before = judged(untempered, others)
    slope, loss = judged(model, others)
    assert bold < 0.85
    assert slope == pytest.approx(1, abs=0.1)
    assert loss < loss_before
    assert model.about["tempered"] == pytest.approx(bold, abs=0.1)


def test_what_sets_accounts_apart_shrinks_alike_in_all_signals_and_months(untempered):
    panel = shop(1)
    model = tempered(untempered, panel, None)
    before, after = (each.raw_log_odds(panel.values, panel.flags) for each in (untempered, model))
    slope = np.diff(after, axis=0) / np.where(np.diff(before, axis=0) == 0, np.nan, np.diff(before, axis=0))
    assert np.nanstd(slope) < 1e-6
    assert np.nanmean(slope) == pytest.approx(model.about["tempered"], abs=1e-3)


def test_a_model_that_is_not_too_bold_stays_as_it_is(model):
    assert "tempered" not in model.about


def test_a_timid_model_is_not_made_bolder(logistic, panel):
    shapes = tuple(replace(shape, table=0.5 * shape.table) for shape in logistic.shapes)
    timid = replace(logistic, shapes=shapes)
    assert tempered(timid, panel, None) is timid


def test_only_rows_whose_horizon_was_over_count(untempered):
    panel = shop(1)
    over = (panel.landmark[0] + HORIZON).astype(object)
    assert tempered(untempered, panel, over - timedelta(days=1)) is untempered
    assert tempered(untempered, panel, over).about == tempered(untempered, panel, None).about
    assert tempered(untempered, replace(panel, seen_for=np.full(len(panel), HORIZON - 1.0)), None) is untempered


def test_where_nobody_or_everybody_left_there_is_nothing_to_fit(untempered):
    panel = shop(1)
    for leaves_in in (np.full(len(panel), np.nan), np.full(len(panel), 10.0)):
        assert tempered(untempered, replace(panel, leaves_in=leaves_in), None) is untempered
