from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.connectors.csv.reading.dates import is_ambiguous, leaning, read_day, read_moment
from app.connectors.csv.reading.habits import judge

UTC_ZONE = ZoneInfo("UTC")
days = st.dates(date(1970, 1, 1), date(2069, 12, 31))
DAY_FIRST = ("%d-%m-%Y", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%y")
MONTH_FIRST = ("%m-%d-%Y", "%m/%d/%Y", "%m/%d/%y")
EITHER = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%d %b %Y", "%d-%b-%Y", "%B %d, %Y", "%b %d %Y", "%d %B %Y", "%a, %d %b %Y")


@given(days, st.sampled_from(DAY_FIRST))
def test_a_day_written_day_first_is_read_back(day, style):
    assert read_day(day.strftime(style), True, UTC_ZONE) == day


@given(days, st.sampled_from(MONTH_FIRST))
def test_a_day_written_month_first_is_read_back(day, style):
    assert read_day(day.strftime(style), False, UTC_ZONE) == day


@given(days, st.sampled_from(EITHER), st.sampled_from([True, False, None]))
def test_a_day_that_names_its_month_or_begins_with_its_year_needs_no_order(day, style, order):
    assert read_day(day.strftime(style), order, UTC_ZONE) == day


@given(days, st.sampled_from(DAY_FIRST + MONTH_FIRST))
def test_without_an_order_a_date_is_read_rightly_or_refused_but_never_guessed(day, style):
    text = day.strftime(style)
    if is_ambiguous(text):
        with pytest.raises(ValueError, match="day first or month first"):
            read_day(text, None, UTC_ZONE)
    else:
        assert read_day(text, None, UTC_ZONE) == day


@given(st.lists(days, min_size=1, max_size=40), st.sampled_from(DAY_FIRST))
def test_a_column_written_day_first_is_never_taken_for_month_first(column, style):
    rows = [{"on": day.strftime(style)} for day in column]
    found = judge(rows, ["on"], [], None).day_first("on")
    assert found is (True if any(day.day > 12 for day in column) else None)


@given(st.integers(10**8, 3 * 10**9), st.integers(-12, 14))
def test_an_instant_with_a_zone_of_its_own_is_that_instant(seconds, hours):
    aware = datetime.fromtimestamp(seconds, timezone(timedelta(hours=hours)))
    for text in (aware.isoformat(), aware.strftime("%d-%m-%Y %H:%M:%S%z"), str(seconds), f"{seconds}000".zfill(13)):
        assert read_moment(text, True, ZoneInfo("Asia/Tokyo")) == aware


def test_an_instant_without_a_zone_is_in_the_workspace_zone():
    assert read_moment("28-07-2023 03:00", True, ZoneInfo("Europe/Berlin")) == datetime(2023, 7, 28, 1, tzinfo=UTC)
    assert read_moment("28-07-2023", True, ZoneInfo("Europe/Berlin")) == datetime(2023, 7, 27, 22, tzinfo=UTC)


def test_an_instant_asked_for_its_day_gives_the_workspace_day():
    assert read_day("2024-01-01T23:30:00Z", None, ZoneInfo("Europe/Berlin")) == date(2024, 1, 2)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("7/4/2024 1:05 PM", datetime(2024, 7, 4, 13, 5, tzinfo=UTC)),
        ("07/04/2024 12:00 am", datetime(2024, 7, 4, tzinfo=UTC)),
        ("2024-07-04T13:05:09.123+02:00", datetime(2024, 7, 4, 11, 5, 9, tzinfo=UTC)),
        ("1720098309", datetime(2024, 7, 4, 13, 5, 9, tzinfo=UTC)),
        ("1720098309000", datetime(2024, 7, 4, 13, 5, 9, tzinfo=UTC)),
        ("20240704T130509Z", datetime(2024, 7, 4, 13, 5, 9, tzinfo=UTC)),
        ("45477", datetime(2024, 7, 4, tzinfo=UTC)),
        ("Thu, 4 Jul 2024 13:05:09 GMT", datetime(2024, 7, 4, 13, 5, 9, tzinfo=UTC)),
    ],
)
def test_the_ways_of_writing_an_instant(text, moment):
    assert read_moment(text, False, UTC_ZONE) == moment


@pytest.mark.parametrize(
    "text",
    [
        "31-02-2024",
        "29-02-2023",
        "00-01-2024",
        "13-13-2024",
        "2024-02-30",
        "soon",
        "1",
        "12-2024",
        "01-01-0001",
        "2024-01-01 25:00",
        "4 Juli 24 x",
        "2024-01-01 10:00+99:00",
    ],
)
def test_a_day_that_does_not_exist_is_refused(text):
    with pytest.raises(ValueError, match=r"\w"):
        read_moment(text, True, UTC_ZONE)


def test_one_date_settles_the_order_of_its_column():
    rows = [{"on": text} for text in ("03/04/2024", "05/06/2024", "25/04/2024")]
    habits = judge(rows, ["on"], [], None)
    assert (habits.day_first("on"), habits.dates["on"].evidence, habits.dates["on"].ambiguous) == (True, "column", 2)


def test_a_column_that_does_not_tell_goes_by_the_file():
    rows = [{"start": "03/04/2024", "end": "04/25/2024"}]
    habits = judge(rows, ["start", "end"], [], True)
    assert (habits.day_first("start"), habits.dates["start"].evidence) == (False, "file")


def test_a_file_that_does_not_tell_goes_by_the_setting_and_says_so():
    rows = [{"on": "03/04/2024"}]
    assert judge(rows, ["on"], [], True).dates["on"].evidence == "setting"
    assert judge(rows, ["on"], [], None).unsettled == {"on": 1}


def test_a_column_in_both_orders_is_contested_and_nothing_in_it_is_guessed():
    rows = [{"on": text} for text in ("25/04/2024", "04/25/2024", "03/04/2024")]
    habits = judge(rows, ["on"], [], None)
    assert (habits.day_first("on"), habits.dates["on"].evidence, habits.dates["on"].slips) == (None, "contested", 1)


def test_a_single_slip_does_not_turn_a_column():
    rows = [{"on": f"{day}/04/2024"} for day in range(1, 31)] * 2 + [{"on": "04/25/2024"}]
    habits = judge(rows, ["on"], [], None)
    assert (habits.day_first("on"), habits.dates["on"].slips) == (True, 1)


@given(st.text(max_size=20))
def test_any_text_is_a_date_or_a_reason(text):
    try:
        found = read_day(text, None, UTC_ZONE)
    except ValueError as error:
        reason = str(error)
    else:
        reason = f"is in {found.year}" * (1970 <= found.year <= 2100)
    assert reason
    assert leaning(text) in {True, False, None}
