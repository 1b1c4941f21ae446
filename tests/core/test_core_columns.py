"""Columns of a query come as arrays with the values of its rows."""

from datetime import date

import numpy as np

from app.core.bulk.columns import read_columns

KINDS = {"n": "whole", "x": "number", "ok": "yes", "day": "day", "at": "moment", "word": "text"}
QUERY = """
SELECT * FROM (VALUES
    (1::bigint, 2.5::float8, true, DATE '2026-02-28', TIMESTAMPTZ '2026-02-28 23:30:00.000001+00', 'a'),
    (-2, NULL, false, NULL, NULL, 'b'),
    (3, -0.125, true, DATE '1969-12-31', TIMESTAMPTZ '1969-12-31 23:59:59+00', '')
) AS given (n, x, ok, day, at, word) WHERE n > %(more_than)s ORDER BY abs(n)
"""


def test_each_kind_comes_as_it_was_stored_and_unknown_stays_unknown(workspace):
    found = read_columns(QUERY, KINDS, {"more_than": -10})
    assert found["n"].tolist() == [1, -2, 3]
    assert found["x"][[0, 2]].tolist() == [2.5, -0.125]
    assert np.isnan(found["x"][1])
    assert found["ok"].tolist() == [True, False, True]
    assert found["day"].tolist() == [date(2026, 2, 28), None, date(1969, 12, 31)]
    moments = np.array(["2026-02-28T23:30:00.000001", "NaT", "1969-12-31T23:59:59"], "datetime64[us]")
    assert np.array_equal(found["at"], moments, equal_nan=True)
    assert found["word"] == ["a", "b", ""]


def test_a_query_that_finds_nothing_gives_empty_columns(workspace):
    found = read_columns(QUERY, KINDS, {"more_than": 10})
    assert {name: len(values) for name, values in found.items()} == dict.fromkeys(KINDS, 0)
    assert found["day"].dtype == "datetime64[D]"
