import json

import numpy as np
import pandas as pd

from ml.drift import drift_of, reference_of


def book(rows, seed, shift=0.0, unknown=0.1):
    rng = np.random.default_rng(seed)
    usage = rng.normal(shift, 1, rows)
    usage[rng.random(rows) < unknown] = np.nan
    return pd.DataFrame({"usage": usage, "term": rng.choice([1.0, 12.0], rows), "never": np.nan})


def test_the_same_kind_of_book_has_not_moved_however_small():
    reference = json.loads(json.dumps(reference_of(book(400, 1))))
    for seed in range(2, 22):
        assert not any(drift.has_moved for drift in drift_of(reference, book(60, seed)))


def test_a_shift_is_seen_and_named_first():
    found = drift_of(reference_of(book(2000, 1)), book(2000, 2, shift=0.7))
    assert found[0].code == "usage"
    assert found[0].has_moved
    assert not found[1].has_moved


def test_a_source_going_silent_is_drift():
    found = drift_of(reference_of(book(2000, 1)), book(2000, 2, unknown=0.6))
    assert found[0].has_moved


def test_a_signal_never_known_does_not_drift():
    found = {drift.code: drift for drift in drift_of(reference_of(book(500, 1)), book(500, 2))}
    assert found["never"].psi == 0
