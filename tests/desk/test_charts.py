"""What charts are told to draw."""

from datetime import timedelta

import pytest

from app.desk import charts
from tests.cast import TODAY


@pytest.mark.parametrize(
    ("days", "marked", "align"),
    [(3, [0.1], "left"), (91, [2.99], None), (-1, [], None), (400, [], None), (None, [], None)],
)
def test_a_renewal_of_the_coming_year_is_marked_and_keeps_off_the_axis(days, marked, align):
    renews_on = None if days is None else TODAY + timedelta(days=days)
    (line,) = charts.survival([0.99, 0.97], renews_on, TODAY)["series"]
    assert [each["xAxis"] for each in line["markLine"]["data"]] == marked
    if marked:
        assert line["markLine"]["label"].get("align") == align
