"""How money, figures and times are written, how pages are remembered, and how errors are said."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from flask import g
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError

from app.core.clock import day_in, elapsed, end_of_day, utc_now
from app.core.http import words
from app.core.money import money, short_money, to_minor
from app.core.paging import read_cursor, write_cursor
from app.core.problems import Problem
from app.extensions import db
from app.identity.models import Workspace


@pytest.mark.parametrize(
    ("minor", "currency", "written"),
    [
        (1234050, "USD", "$12,340.50"), (1200000, "EUR", "€12,000"), (-5, "GBP", "−£0.05"), (0, "USD", "$0"),
        (1234, "JPY", "¥1,234"), (1234567, "KWD", "KWD 1,234.567"), (100, "SEK", "SEK 1"), (None, "USD", "unknown"),
        (99.6, "USD", "$1"),
    ],
)  # fmt: skip
def test_money_is_written_to_the_last_unit(minor, currency, written):
    assert money(minor, currency) == written


@pytest.mark.parametrize(
    ("minor", "written"),
    [
        (99, "$1"), (99900, "$999"), (99999, "$1.00k"), (1234000, "$12.3k"), (99999900, "$1.00m"), (124000000, "$1.24m"),
        (-124000000, "−$1.24m"), (99999999900, "$1.00bn"), (1240000000000, "$12.4bn"), (0, "$0"), (None, "unknown"),
    ],
)  # fmt: skip
def test_money_at_a_glance_has_three_figures(minor, written):
    assert short_money(minor, "USD") == written


@given(st.integers(-(10**13), 10**13))
def test_money_at_a_glance_is_never_a_thousand_of_anything(minor):
    assert "1000" not in short_money(minor, "USD")


@given(st.decimals(-(10**9), 10**9, places=2), st.sampled_from(["USD", "EUR"]))
def test_an_amount_becomes_minor_units_and_back(amount, currency):
    assert Decimal(to_minor(amount, currency)).scaleb(-2) == amount


@pytest.mark.parametrize(("amount", "minor"), [("1.005", 100), ("1.015", 102), ("-0.005", 0), ("1e3", 100000)])
def test_half_a_cent_goes_to_the_even_one(amount, minor):
    assert to_minor(Decimal(amount), "USD") == minor


@pytest.mark.parametrize(
    ("filter_", "value", "written"),
    [
        (words.percent, 0.004, "0.4 %"), (words.percent, 0.5, "50 %"), (words.percent, 0, "0 %"),
        (words.percent, 0.9971, "> 99 %"), (words.percent, 1.0, "100 %"), (words.percent, 0.0003, "< 0.1 %"),
        (words.percent, -0.024, "−2.4 %"), (words.percent, 1.2, "120 %"), (words.percent, 0.125, "13 %"),
        (words.percent, -0.0001, "0.0 %"), (words.count, 2.25, "2.3"), (words.count, float("inf"), "inf"), (words.count, Decimal("70.5"), "71"),
        (words.percent, None, "unknown"), (words.count, 1234.4, "1,234"), (words.count, 3, "3"), (words.count, 2.5, "2.5"),
        (words.count, None, "unknown"), (words.count, 70.5, "71"), (words.change, 2.5, "+3"), (words.change, -0.5, "−1"),
        (words.change, 3.2, "+3"), (words.change, -3.2, "−3"), (words.change, 0, "±0"),
        (words.change, 0.3, "±0"), (words.change, -0.4, "±0"), (words.change, None, "unknown"),
        (words.quarter, date(2026, 10, 1), "Q4 2026"), (words.initials, "Olivia van Owens", "OO"), (words.initials, "cher", "C"),
        (words.initials, "", "?"), (words.capital, "already GOOD", "Already GOOD"), (words.capital, "", ""),
        (words.coded, "`<id>` of `a", "<code>&lt;id&gt;</code> of `a"),
        (words.day, date(2019, 3, 4), "4 Mar 2019"), (words.day, None, "unknown"),
    ],
)  # fmt: skip
def test_a_figure_is_written_for_people(filter_, value, written):
    assert filter_(value) == written


@pytest.mark.parametrize(
    ("share", "written"),
    [(0, "0 %"), (0.003, "< 1 %"), (0.007, "1 %"), (0.5, "50 %"), (0.994, "99 %"), (0.997, "> 99 %"), (1, "100 %")],
)
def test_a_chance_is_certain_only_when_it_is(share, written):
    assert words.percent(share, 0) == written


@pytest.mark.parametrize(
    ("number", "written"), [(0, "0 accounts"), (1, "1 account"), (2, "2 accounts"), (1_200, "1,200 accounts")]
)
def test_a_count_and_its_noun_agree(number, written):
    assert words.counted(number, "account") == written
    assert words.counted(number, "is", "are") == written.replace("accounts", "are").replace("account", "is")


def test_a_day_of_this_year_needs_no_year():
    assert words.day(utc_now().date().replace(month=1, day=2)) == "2 Jan"


@pytest.fixture
def kiruna(app):
    """A request of a workspace far to the east, where it is tomorrow already for most of the day."""
    g.workspace = Workspace(name="x", time_zone="Pacific/Kiritimati", currency="USD")
    yield g.workspace
    del g.workspace


@pytest.mark.parametrize(
    ("past", "written"),
    [
        (timedelta(seconds=20), "just now"), (timedelta(minutes=5), "5 min ago"), (timedelta(hours=3), "3 h ago"),
        (timedelta(days=10), "10 days ago"), (timedelta(days=100), "3 months ago"), (timedelta(days=800), "2 years ago"),
        (-timedelta(days=3), "in 3 days"),
    ],
)  # fmt: skip
def test_how_long_ago_is_said_with_the_exact_instant_behind(kiruna, past, written):
    said = words.ago(utc_now() - past)
    assert f">{written}</time>" in said
    assert 'datetime="2' in said


def test_days_are_counted_in_the_workspaces_own_days(kiruna):
    today = day_in(kiruna.time_zone, utc_now())
    said = [words.ahead(today + timedelta(days=n)) for n in (-2, -1, 0, 1, 59, 90)]
    assert said == ["2 days ago", "1 day ago", "today", "tomorrow", "in 59 days", "in 3 months"]
    assert [words.ago(today - timedelta(days=n)) for n in (0, 1, 2)] == ["today", "yesterday", "2 days ago"]
    assert (words.ahead(None), words.ago(None)) == ("no date", "never")


def test_a_name_in_a_time_is_escaped(kiruna):
    assert "&lt;b&gt;" in words.instant(utc_now(), "<b>")


@given(st.lists(st.none() | st.floats(0, 100), max_size=12))
def test_a_spark_line_stays_inside_its_picture(weeks):
    points = [tuple(map(float, point.split(","))) for point in words.spark_points(weeks).split()]
    assert len(points) == sum(week is not None for week in weeks)
    assert all(0 <= x <= 72 and 0 <= y <= 20 for x, y in points)


@pytest.mark.parametrize(
    ("zone", "at", "day"),
    [
        ("UTC", "2026-03-29T00:30", 29),
        ("America/New_York", "2026-03-29T03:59", 28),
        ("Asia/Tokyo", "2026-03-28T15:00", 29),
    ],
)
def test_an_instant_falls_on_a_day_of_its_zone(zone, at, day):
    assert day_in(zone, datetime.fromisoformat(at).replace(tzinfo=UTC)).day == day


def test_a_day_of_the_change_of_clocks_ends_after_twenty_three_hours():
    start, end = (end_of_day("Europe/Berlin", date(2026, 3, day)) for day in (28, 29))
    assert end.astimezone(UTC) - start.astimezone(UTC) == timedelta(hours=23)


keys = st.lists(
    st.none() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=4
)


@given(keys)
def test_a_cursor_gives_back_what_went_in_and_fits_an_address(key):
    cursor = write_cursor(*key)
    assert read_cursor(cursor, len(key)) == tuple(key)
    assert cursor.replace("-", "").replace("_", "").isalnum() or cursor == ""


@pytest.mark.parametrize("cursor", ["", "rubbish", "%%%", "e30", "MQ", "W10", "é", "A" * 5000])
def test_what_is_no_cursor_is_refused(cursor):
    with pytest.raises(Problem) as refused:
        read_cursor(cursor, 2)
    assert (refused.value.status, refused.value.code) == (400, "bad_cursor")


# --- errors ---


@pytest.fixture
def knock(client, cast, sign_in, monkeypatch):
    """Ask for a page that raises something; gives the answer."""

    def ask(error, **headers):
        def raise_it(*_):
            raise error

        monkeypatch.setattr("app.accounts.queries.members", raise_it)
        return sign_in(cast.owner).get("/accounts", headers=headers)

    return ask


def test_a_person_gets_a_page_with_the_remedy_and_a_machine_the_problem(knock):
    page = knock(Problem(404, "There is no such thing."), Accept="text/html")
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert "There is no such thing." in page.text
    problem = knock(
        Problem(409, "It moved.", "moved", [{"pointer": "name", "detail": "taken"}]), Accept="application/json"
    )
    assert problem.mimetype == "application/problem+json"
    assert problem.json == {
        "type": "about:blank", "title": "Conflict", "status": 409, "detail": "It moved.", "instance": "/accounts",
        "request_id": problem.headers["X-Request-ID"], "code": "moved", "message": "It moved.", "errors": [{"pointer": "name", "detail": "taken"}],
    }  # fmt: skip


def test_a_fault_of_ours_tells_its_number_and_nothing_of_its_inside(knock):
    answer = knock(RuntimeError("secret inside"), Accept="text/html")
    assert answer.status_code == 500
    assert "secret inside" not in answer.text
    assert answer.headers["X-Request-ID"] in answer.text


def test_a_database_that_is_away_is_no_fault(knock):
    answer = knock(OperationalError("SELECT 1", {}, ConnectionError("no route")), Accept="text/html")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "no route" not in answer.text


def test_a_wrong_method_names_the_right_ones(client):
    answer = client.delete("/sign-in", headers={"Accept": "application/json"})
    assert answer.status_code in {400, 405}


@pytest.mark.parametrize(
    ("given", "kept"),
    [("abc-123", True), ("x" * 64, True), ("x" * 65, False), ("a b", False), ("é", False), ("", False)],
)
def test_a_request_keeps_a_number_it_brings_if_it_is_a_decent_one(client, given, kept):
    answered = client.get("/livez", headers={"X-Request-ID": given.encode("utf-8").decode("latin-1")}).headers[
        "X-Request-ID"
    ]
    assert (answered == given) == kept
    assert len(answered) <= 64
    assert answered


def test_every_answer_is_closed_to_other_origins(client):
    for address in ("/sign-in", "/livez", "/nothing", "/static/perennial.css"):
        headers = client.get(address, buffered=True).headers
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        assert "unsafe-inline" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "Server-Timing" in headers


@pytest.mark.parametrize(
    "address", ["/accounts/9223372036854775808", "/accounts/99999999999999999999999", "/accounts/-1"]
)
def test_a_number_no_row_can_have_is_a_page_that_is_not_there(cast, sign_in, address):
    assert sign_in(cast.owner).get(address).status_code == 404


def test_nothing_is_left_in_a_session_after_an_error(knock):
    knock(RuntimeError("x"))
    assert db.session.is_active


@pytest.mark.parametrize(
    ("at", "share"),
    [
        ("2026-03-28T22:00Z", 0.0),
        ("2026-03-28T23:00Z", 0.0),
        ("2026-03-29T10:30Z", 0.5),
        ("2026-03-29T22:00Z", 1.0),
        ("2026-04-01T00:00Z", 1.0),
    ],
)
def test_a_day_of_twenty_three_hours_is_half_over_after_half_of_them(at, share):
    assert elapsed("Europe/Berlin", date(2026, 3, 29), datetime.fromisoformat(at)) == share
