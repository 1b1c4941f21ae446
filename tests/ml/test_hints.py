"""A hint says exactly what the model says of the account with one figure replaced."""

import numpy as np
import pytest

from ml.reasons.explain import RENEWAL, reasons
from ml.reasons.hints import FEWEST_STEADY, MOST, hint, risks_if_typical, typical_of
from ml.signals import BY_CODE, SIGNALS


@pytest.fixture
def typical(today):
    return typical_of(today.values, np.ones(len(today.values), bool))


def test_the_risk_is_what_the_model_gives_with_that_one_figure_replaced(model, today, typical):
    found = reasons(model, today.values, today.before, today.flags)
    supposed = risks_if_typical(model, found, typical)
    told = np.argwhere(~np.isnan(supposed))
    assert len(told)
    for row, rank in told[:40]:
        code = found.codes[found.code[row, rank]]
        values = today.values.iloc[[row]].copy()
        values[code] = typical[code]
        expected = model.risk_at(values, today.flags[[row]], (90,))[0, 0]
        assert supposed[row, rank] == pytest.approx(expected, abs=1e-12)
        assert found.risk[row] - expected >= 0.005
        assert found.points[row, rank] > 0


def test_an_account_gets_three_at_most_and_none_for_what_nobody_can_act_on(model, today, typical):
    found = reasons(model, today.values, today.before, today.flags, top=20)
    told = ~np.isnan(risks_if_typical(model, found, typical))
    assert told.sum(axis=1).max() <= MOST
    assert all(BY_CODE[found.codes[code]].acts_on for code in found.code[told])
    assert not {"tenure", "size", "term", RENEWAL} & set(typical)


def test_without_enough_steady_accounts_there_is_no_hint(model, today):
    few = np.arange(len(today.values)) < FEWEST_STEADY - 1
    assert typical_of(today.values, few) == {}
    found = reasons(model, today.values, today.before, today.flags)
    assert np.isnan(risks_if_typical(model, found, {})).all()


def test_every_signal_that_can_be_acted_on_can_be_supposed_and_no_other():
    assert [signal.code for signal in SIGNALS if (signal.acts_on is None) != (signal.supposing is None)] == []


@pytest.mark.parametrize("signal", [each for each in SIGNALS if each.supposing], ids=lambda each: each.code)
@pytest.mark.parametrize("value", [-0.4, 0.0, 0.3, 1.0, 7.0])
def test_what_is_supposed_reads_as_a_sentence(signal, value):
    said = hint(signal.code, value, 4.0, 0.19, 0.14)
    assert said.startswith("If ")
    assert said.endswith(", the risk would be about 14 % instead of 19 %.")
    assert "nan" not in said


def test_a_hint_too_small_to_see_is_not_given():
    assert hint("urgent_tickets", 0.0, 2.0, 0.194, 0.187) is None
    assert hint("urgent_tickets", 0.0, 2.0, 0.19, 0.14) == (
        "If no urgent or escalated tickets had come in 90 days, the risk would be about 14 % instead of 19 %."
    )
