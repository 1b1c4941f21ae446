import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.hazard import Calibration
from ml.reasons.explain import RENEWAL, REST, BookAverage, reasons, renewal_sentence


@settings(max_examples=20, deadline=None)
@given(
    horizon=st.sampled_from([30, 77, 90, 180, 365]),
    top=st.integers(1, 25),
    slope=st.floats(0.5, 1.5),
    intercept=st.floats(-1, 1),
)
def test_reasons_add_up_to_the_difference_from_the_books_average(
    boosted, logistic, today, horizon, top, slope, intercept
):
    for model in (boosted, logistic):
        tuned = model.calibrated(Calibration(intercept, slope))
        found = reasons(tuned, today.values, today.before, today.flags, horizon_days=horizon, top=top)
        risk = tuned.risk_at(today.values, today.flags, (horizon,))[:, 0]
        np.testing.assert_allclose(found.risk, risk, rtol=0, atol=1e-15)
        np.testing.assert_allclose(
            found.points.sum(axis=1) + found.rest, 100 * (risk - risk.mean()), rtol=0, atol=1e-10
        )
        said = found.of(0)
        assert sum(reason.points for reason in said) == pytest.approx(100 * (risk[0] - risk.mean()), abs=1e-10)


def test_with_every_reason_shown_nothing_else_remains(model, today):
    found = reasons(model, today.values, today.before, today.flags, top=99)
    assert np.abs(found.rest).max() < 0.05


def test_every_reason_says_a_sentence_and_the_last_is_the_rest(model, today):
    found = reasons(model, today.values, today.before, today.flags, top=4)
    riskiest = found.of(int(found.risk.argmax()))
    assert len(riskiest) == 5
    assert all(len(reason.sentence) > 10 for reason in riskiest)
    assert riskiest[-1].code == REST
    sizes = [abs(reason.points) for reason in riskiest[:-1]]
    assert sizes == sorted(sizes, reverse=True)


def test_one_account_alone_is_explained_as_among_the_book(model, today):
    book = reasons(model, today.values, today.before, today.flags).book
    kept = BookAverage.load(json.loads(json.dumps(book.dump())))
    among = reasons(model, today.values, today.before, today.flags)
    alone = reasons(model, today.values.iloc[[7]], today.before.iloc[[7]], today.flags[[7]], book=kept)
    assert [reason.sentence for reason in alone.of(0)] == [reason.sentence for reason in among.of(7)]
    np.testing.assert_allclose(alone.points[0], among.points[7], rtol=0, atol=1e-12)


def test_a_worse_signal_gets_more_points_of_risk(boosted, today):
    book = reasons(boosted, today.values, today.before, today.flags).book
    one = today.values.iloc[[0]]
    points = []
    for habit in (1.0, 0.05):
        found = reasons(
            boosted, one.assign(usage_habit=habit), today.before.iloc[[0]], today.flags[[0]], top=99, book=book
        )
        points.append(found.points[0, list(found.code[0]).index(found.codes.index("usage_habit"))])
    assert points[1] > points[0]


def test_renewal_timing_is_a_reason_of_its_own(boosted, today):
    yearly = (today.values["term"] == 12).to_numpy()
    found = reasons(boosted, today.values, today.before, today.flags, top=99)
    place = found.codes.index(RENEWAL)
    of_renewal = np.take_along_axis(found.points, (found.code == place).argmax(axis=1)[:, None], axis=1)[:, 0]
    due = today.flags[:, :3].any(axis=1)
    assert of_renewal[yearly & due].mean() > of_renewal[yearly & ~due].mean()


@pytest.mark.parametrize(
    ("months", "sentence"),
    [
        ([], "no renewal is due in the coming year"),
        ([0], "a renewal falls in the coming month"),
        ([2], "a renewal falls in 2 months"),
        (range(12), "the contract renews every month"),
    ],
)
def test_the_next_renewal_is_said_plainly(months, sentence):
    flags = np.zeros(12, dtype=bool)
    flags[list(months)] = True
    assert renewal_sentence(flags) == sentence


def test_an_empty_book_has_no_average(model, today):
    with pytest.raises(ValueError, match="without accounts"):
        reasons(model, today.values.iloc[:0], today.before.iloc[:0], today.flags[:0])
