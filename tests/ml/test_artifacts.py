import copy
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.artifacts import dump, load
from ml.hazard import Calibration


@settings(max_examples=15, deadline=None)
@given(intercept=st.floats(-3, 3), slope=st.floats(0, 3))
def test_a_model_read_back_scores_the_same_to_the_last_bit(boosted, logistic, today, intercept, slope):
    for model in (boosted, logistic):
        tuned = model.calibrated(Calibration(intercept, slope))
        again = load(json.loads(json.dumps(dump(tuned))))
        np.testing.assert_array_equal(
            again.hazards(today.values, today.flags), tuned.hazards(today.values, today.flags)
        )
        assert (again.learner, again.months_seen, again.about) == (tuned.learner, tuned.months_seen, tuned.about)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda kept: kept.update(format="pickle"), "not a perennial.hazard"),
        (lambda kept: kept.update(version=99), "version 99"),
        (lambda kept: kept.pop("base"), "base"),
        (lambda kept: kept["shapes"][0].update(code="horoscope"), "horoscope"),
        (lambda kept: kept["shapes"][0]["table"].pop(), r"\.table"),
        (lambda kept: kept["shapes"][0]["thresholds"].reverse(), "must rise"),
        (lambda kept: kept["base"][0].__setitem__(0, float("nan")), "finite"),
        (lambda kept: kept["base"][0].__setitem__(0, "x"), "not a table"),
        (lambda kept: kept.update(calibration=None), "damaged"),
    ],
)
def test_a_damaged_artifact_is_refused_with_its_fault(logistic, damage, said):
    kept = copy.deepcopy(dump(logistic))
    damage(kept)
    with pytest.raises(ValueError, match=said):
        load(kept)


def test_something_else_is_refused():
    with pytest.raises(ValueError, match="not a perennial"):
        load([])
