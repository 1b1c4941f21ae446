"""The calendar of a person, read as calendar programs read it."""

from datetime import date, timedelta

import pytest
from icalendar import Calendar

from app.announcements.calendar.feeding import feed
from app.announcements.calendar.opening import close_feed, find_feed, open_feed, own_feed
from app.announcements.models import CalendarFeed
from app.core import tenancy
from app.core.tenancy import Scope
from app.extensions import db
from app.identity.models import Membership
from tests.announcements.conftest import BASE_URL
from tests.cast import NOW, TODAY

DAY = timedelta(days=1)


@pytest.fixture
def read(cast):
    """Read the calendar of a person at a time: the bytes, and its events."""

    def run(person, now=NOW, whole_book=False, today=TODAY):
        owner = own_feed(person.id)
        if owner is None or owner.whole_book != whole_book:
            open_feed(person.id, NOW, whole_book=whole_book)
            db.session.expire_all()
            owner = own_feed(person.id)
        body = feed(owner, cast.workspace, today, BASE_URL, now)
        return body, Calendar.from_ical(body).walk("VEVENT")

    return run


@pytest.fixture
def book(new_account, happen, cast):
    """A renewal and a task of the owner, and a renewal of the colleague."""
    mine, theirs = new_account(), new_account("Silva Imports", owner_id=cast.colleague.id)
    happen.renewal(mine, date(2027, 2, 3))
    happen.renewal(theirs, date(2027, 3, 1))
    happen.task(mine, owner_id=cast.owner.id, advice="Ask about seats; then, perhaps, more.")
    return mine


def test_renewals_and_tasks_are_whole_days_with_everything_a_program_needs(book, read, cast):
    body, events = read(cast.owner)
    calendar = Calendar.from_ical(body)
    assert calendar["VERSION"] == "2.0"
    assert calendar["X-WR-CALNAME"] == "Meridian Software: renewals and tasks"
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\n" in body
    assert b"X-PUBLISHED-TTL:PT1H\r\n" in body
    renewal, task = events
    assert renewal["SUMMARY"] == "Renewal: Slate & Sons ($24.0k a year)"
    assert (renewal.decoded("DTSTART"), renewal.decoded("DTEND")) == (date(2027, 2, 3), date(2027, 2, 4))
    assert b"DTSTART;VALUE=DATE:20270203\r\n" in body
    assert renewal["DESCRIPTION"] == "Chance to renew 80 %, health watch, looked after by Olivia Owens."
    assert renewal["URL"] == f"{BASE_URL}/accounts/{book}"
    assert renewal["UID"] == f"renewal-{book}-2027-02-03-{cast.workspace.id}@perennial.example"
    assert task["SUMMARY"] == "Call them (Slate & Sons)"
    assert task["DESCRIPTION"] == "Ask about seats; then, perhaps, more. For Olivia Owens."
    assert {(event["SEQUENCE"], event["TRANSP"], event.decoded("DTSTAMP")) for event in events} == {
        (0, "TRANSPARENT", NOW)
    }


def test_read_again_without_a_change_it_is_the_same_to_the_byte(book, read, cast):
    first, _ = read(cast.owner)
    second, _ = read(cast.owner, NOW + 7 * DAY)
    assert first == second


def test_a_change_raises_the_number_and_the_stamp_of_that_event_alone(book, read, cast, happen):
    read(cast.owner)
    task = happen.task(book, TODAY + DAY, owner_id=cast.owner.id, title="Second")
    read(cast.owner, NOW + DAY)
    task.due_on = TODAY + 5 * DAY
    db.session.flush()
    _, events = read(cast.owner, NOW + 2 * DAY)
    stands = {str(event["SUMMARY"]): (event["SEQUENCE"], event.decoded("DTSTAMP")) for event in events}
    assert stands == {
        "Renewal: Slate & Sons ($24.0k a year)": (0, NOW),
        "Call them (Slate & Sons)": (0, NOW),
        "Second (Slate & Sons)": (1, NOW + 2 * DAY),
    }


def test_a_forecast_made_anew_with_the_same_figures_changes_nothing(book, read, cast, happen):
    before, _ = read(cast.owner)
    db.session.execute(db.text("DELETE FROM renewal_forecast"))
    happen.renewal(book, date(2027, 2, 3), probability=0.8004)
    after, _ = read(cast.owner, NOW + DAY)
    assert before == after


def test_two_readers_of_one_event_see_the_same_one(book, read, cast):
    _, mine = read(cast.owner)
    _, whole = read(cast.leader, NOW + DAY, whole_book=True)
    both = {str(event["UID"]): event.to_ical() for event in mine}
    assert {uid: text for event in whole if (uid := str(event["UID"])) in both and (text := event.to_ical())} == both
    assert len(whole) == 3


def test_one_reads_of_ones_own_accounts_and_tasks_only(book, read, cast):
    _, events = read(cast.colleague)
    assert [str(event["SUMMARY"]) for event in events] == ["Renewal: Silva Imports ($24.0k a year)"]


def test_what_is_done_or_past_is_gone(book, read, cast, happen):
    happen.task(book, TODAY - 9 * DAY, owner_id=cast.owner.id, title="Late")
    happen.task(book, owner_id=cast.owner.id, title="Done", is_open=False)
    _, events = read(cast.owner, today=date(2027, 2, 4))
    assert {str(event["SUMMARY"]) for event in events} == {"Call them (Slate & Sons)", "Late (Slate & Sons)"}


def test_names_with_commas_newlines_and_length_survive_the_folding(new_account, happen, read, cast):
    name = "Ünlü, Söhne; & “Co” \\ " + "long " * 40
    happen.task(new_account(name), owner_id=cast.owner.id, advice="one\ntwo, three")
    body, (event,) = read(cast.owner)
    assert event["SUMMARY"] == f"Call them ({name})"
    assert event["DESCRIPTION"] == "one\ntwo, three For Olivia Owens."
    assert max(map(len, body.split(b"\r\n"))) <= 75


def test_an_empty_calendar_is_a_calendar(read, cast):
    body, events = read(cast.owner)
    assert (events, body[:15]) == ([], b"BEGIN:VCALENDAR")


# --- the secret address ---


def test_an_address_opens_one_persons_calendar_in_their_workspace(cast):
    link = open_feed(cast.owner.id, NOW, whole_book=False)
    tenancy.enter(Scope())
    found = find_feed(link)
    assert (found.user_id, tenancy.workspace_id()) == (cast.owner.id, cast.workspace.id)
    assert link.split("-", 1)[1] not in found.secret_hash


@pytest.mark.parametrize("wrong", ["", "1", "1-", "-x", "x-y", "²-x", "99999999999999999999-x"])
def test_what_is_no_address_opens_nothing(cast, wrong):
    open_feed(cast.owner.id, NOW, whole_book=False)
    assert find_feed(wrong) is None


def test_the_secret_of_one_workspace_opens_nothing_in_another(cast):
    link = open_feed(cast.owner.id, NOW, whole_book=False)
    assert find_feed(f"{cast.elsewhere.id}-{link.split('-', 1)[1]}") is None
    assert tenancy.current_scope() == Scope()


def test_a_new_address_ends_the_one_before_and_closing_ends_all(cast):
    first = open_feed(cast.owner.id, NOW, whole_book=False)
    second = open_feed(cast.owner.id, NOW, whole_book=True)
    assert find_feed(first) is None
    assert find_feed(second).whole_book
    close_feed(cast.owner.id)
    assert find_feed(second) is None


def test_who_leaves_the_workspace_takes_their_address_along(cast):
    link = open_feed(cast.owner.id, NOW, whole_book=False)
    db.session.delete(db.session.get_one(Membership, (cast.workspace.id, cast.owner.id)))
    db.session.flush()
    assert find_feed(link) is None
    assert db.session.query(CalendarFeed).count() == 0
