"""The pages of notifications: who may, what is shown once, what a test event answers, what is one's own."""

import re
from dataclasses import replace

import pytest
from icalendar import Calendar
from sqlalchemy import select
from structlog.testing import capture_logs

from app.announcements import settings
from app.announcements.choosing import find_letters
from app.announcements.models import CalendarFeed, Delivery, DeliveryAttempt, Subscriber
from app.core import tenancy
from app.core.queue import Job
from app.extensions import db
from app.identity.models import AuditEntry
from tests.announcements.conftest import ALL, deliveries
from tests.cast import NOW, TODAY

HOME = "/settings/notifications"


@pytest.fixture
def page(sign_in, cast, app, open_config, monkeypatch):
    """The browser of an admin, on an installation that lets webhooks call its own network."""
    monkeypatch.setitem(app.config, "PERENNIAL", open_config)
    return sign_in(cast.admin)


@pytest.fixture
def form(receiver):
    return {"kind": "webhook", "name": "warehouse", "url": receiver.address, "types": list(ALL),
            "risk_threshold": "40", "forecast_share": "5"}  # fmt: skip


def only():
    return db.session.scalars(select(Subscriber)).one()


def acts():
    return [(entry.act, entry.subject) for entry in db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))]


# --- webhooks and Slack ---


def test_an_empty_page_says_what_it_is_for(page):
    text = page.get(HOME).text
    assert "Nobody is told yet" in text
    assert "risk.threshold_crossed" in text


def test_a_webhook_is_added_and_its_secret_shown_once(page, form):
    answer = page.post(HOME, data=form)
    subscriber = only()
    assert answer.status_code == 200
    assert f'<code id="secret">{subscriber.secret}</code>' in answer.text.replace("&#43;", "+")
    assert subscriber.secret not in page.get(f"{HOME}/{subscriber.id}").text
    assert (subscriber.types, subscriber.risk_threshold, subscriber.forecast_share) == (list(ALL), 0.4, 0.05)
    assert "warehouse" in page.get(HOME).text
    assert acts() == [("added", "subscriber")]
    assert subscriber.secret not in str([entry.changes for entry in db.session.scalars(select(AuditEntry))])


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"name": " "}, "Name what is told"),
        ({"url": "ftp://example.com"}, "https://example.com/path"),
        ({"url": "https://user:pw@example.com/"}, "user and password"),
        ({"types": []}, "Choose at least one event"),
        ({"types": ["no.such"]}, "Choose at least one event"),
        ({"risk_threshold": "0"}, "from 1 to 99"),
        ({"risk_threshold": "much"}, "from 1 to 99"),
        ({"forecast_share": "100"}, "from 1 to 99"),
        ({"kind": "mail"}, "Choose a webhook or a Slack channel"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field_and_the_rest_is_kept(page, form, changed, why):
    answer = page.post(HOME, data=form | {"name": "kept as typed"} | changed)
    assert answer.status_code == 422
    assert why in answer.text
    assert "name" in changed or 'value="kept as typed"' in answer.text
    assert db.session.scalars(select(Subscriber)).all() == []


def test_a_private_address_is_refused_where_the_installation_does_not_allow_it(
    page, form, app, open_config, monkeypatch
):
    monkeypatch.setitem(app.config, "PERENNIAL", replace(open_config, allow_private_targets=False))
    for url in ("https://127.0.0.1/", "https://169.254.169.254/latest/meta-data/", "https://[::1]/"):
        assert "leads into a private network" in page.post(HOME, data=form | {"url": url}).text
    assert "Use https" in page.post(HOME, data=form).text


def test_a_change_keeps_the_kind_and_the_secret(page, form):
    page.post(HOME, data=form)
    before = only().secret
    page.post(f"{HOME}/{only().id}", data=form | {"kind": "slack", "name": "lake", "types": ["task.due"]})
    assert (only().kind, only().name, only().types, only().secret) == ("webhook", "lake", ["task.due"], before)
    answer = page.post(f"{HOME}/{only().id}", data=form | {"name": ""})
    assert (answer.status_code, only().name) == (422, "lake")


def test_a_new_secret_is_shown_once_and_the_old_one_signs_for_a_day(page, form):
    page.post(HOME, data=form)
    before = only().secret
    answer = page.post(f"{HOME}/{only().id}/secret")
    assert only().secret in answer.text.replace("&#43;", "+")
    assert "the one before signs too" in answer.text
    assert only().old_secret == before


def test_a_slack_channel_has_no_secret_to_rotate(page, form):
    page.post(HOME, data=form | {"kind": "slack"})
    assert only().secret is None
    assert page.post(f"{HOME}/{only().id}/secret").status_code == 404


def test_a_test_event_shows_what_came_back(page, form, receiver):
    page.post(HOME, data=form)
    receiver.answer(418, body="I am a <teapot>")
    answer = page.post(f"{HOME}/{only().id}/test", follow_redirects=True)
    assert "418" in answer.text
    assert "I am a &lt;teapot&gt;" in answer.text
    assert "This is a test event for “warehouse” from Meridian Software on Perennial." in answer.text
    (delivery,) = deliveries(only())
    assert (delivery.state, only().failures) == ("failed", 0)
    page.post(f"{HOME}/{only().id}/test")
    assert [each.state for each in deliveries(only())] == ["failed", "delivered"]
    assert len({heard.headers["webhook-id"] for heard in receiver.heard}) == 2


def test_a_test_event_reaches_no_other_subscriber_and_works_while_switched_off(page, form, receiver):
    page.post(HOME, data=form)
    page.post(HOME, data=form | {"name": "other"})
    first, second = db.session.scalars(select(Subscriber).order_by(Subscriber.id))
    page.post(f"{HOME}/{first.id}/off")
    page.post(f"{HOME}/{first.id}/test")
    assert len(receiver.heard) == 1
    assert (len(deliveries(first)), deliveries(second)) == (1, [])
    assert first.disabled_at is not None


def test_switched_off_and_on_again(page, form, new_account, happen, tell):
    page.post(HOME, data=form)
    happen.change(new_account())
    tell()
    page.post(f"{HOME}/{only().id}/off")
    assert "Ada Adeyemi switched it off." in page.get(f"{HOME}/{only().id}").text
    assert [each.state for each in deliveries(only())] == ["dropped"]
    assert page.post(f"{HOME}/{only().id}/redelivery").status_code == 409
    page.post(f"{HOME}/{only().id}/on")
    answer = page.post(f"{HOME}/{only().id}/redelivery", follow_redirects=True)
    assert "1 delivery goes out again now." in answer.text
    assert [each.state for each in deliveries(only())] == ["waiting"]


def test_one_that_was_switched_off_for_failing_stands_out_on_the_first_page(
    page, form, carry, receiver, new_account, happen, tell
):
    page.post(HOME, data=form)
    happen.change(new_account())
    tell()
    receiver.answer(410)
    carry(only(), NOW)
    text = page.get(HOME).text
    assert "was switched off" in text
    assert "410 Gone" in text
    assert 'role="alert"' in text


def test_deliveries_are_listed_with_state_and_pages(
    page, form, new_account, happen, tell, carry, receiver, monkeypatch
):
    monkeypatch.setattr(settings.queries, "PAGE", 2)
    page.post(HOME, data=form)
    for name in ("Slate", "Silva", "Thorn", "New", "Chan"):
        happen.change(new_account(name))
    tell()
    receiver.answer(500, body="oops")
    carry(only(), NOW)
    address = f"{HOME}/{only().id}"
    seen, text = [], page.get(address).text
    while True:
        seen += re.findall(r"(\w+): health fell to watch", text)
        following = re.search(r'href="([^"]*cursor=[^"]*)"', text)
        if not following:
            break
        text = page.get(following[1].replace("&amp;", "&")).text
    assert seen == ["Chan", "New", "Thorn", "Silva", "Slate"]
    waiting = page.get(f"{address}?state=waiting").text
    assert re.findall(r"(\w+): health fell", waiting) == ["Slate"]
    assert "1 try, the last answered 500" in waiting
    assert page.get(f"{address}?cursor=nonsense").status_code == 400
    assert page.get(f"{address}?state=nonsense").status_code == 200


def test_a_delivery_is_sent_again_by_hand(page, form, new_account, happen, tell, carry, receiver):
    page.post(HOME, data=form)
    happen.change(new_account())
    tell()
    carry(only(), NOW)
    (delivery,) = deliveries(only())
    address = f"{HOME}/{only().id}/deliveries/{delivery.id}"
    assert "&#34;band&#34;: &#34;watch&#34;" in page.get(address).text
    page.post(f"{address}/redelivery")
    assert deliveries(only())[0].state == "waiting"
    assert db.session.scalars(select(Job.args).where(Job.name == "deliver")).all() == [{"subscriber_id": only().id}]
    assert page.get(f"{HOME}/{only().id + 1}/deliveries/{delivery.id}").status_code == 404


def test_removing_one_removes_its_record(page, form, receiver):
    page.post(HOME, data=form)
    page.post(f"{HOME}/{only().id}/test")
    page.post(f"{HOME}/{only().id}/removal")
    for table in (Subscriber, Delivery, DeliveryAttempt):
        assert db.session.scalars(select(table)).all() == []


def test_letters_of_a_person_are_not_to_be_seen_or_changed_by_an_admin(page, cast, sign_in):
    sign_in(cast.owner).post("/account/notifications/letters", data={"pace": "daily", "types": ["task.due"]})
    assert only().kind == "mail"
    assert page.get(f"{HOME}/{only().id}").status_code == 404
    assert page.post(f"{HOME}/{only().id}/removal").status_code == 404
    assert "Letters" not in page.get(HOME).text.split('id="add"')[0].split("<tbody>")[-1]


def test_another_workspace_finds_nothing_here(page, form, sign_in, cast):
    page.post(HOME, data=form)
    page.post(f"{HOME}/{only().id}/test")
    (delivery,) = deliveries(only())
    outsider = sign_in(cast.outsider)
    assert "Nobody is told yet" in outsider.get(HOME).text
    for path in (f"{HOME}/{only().id}", f"{HOME}/{only().id}/deliveries/{delivery.id}"):
        assert outsider.get(path).status_code == 404
    for act in ("test", "off", "removal", "redelivery", "secret"):
        assert outsider.post(f"{HOME}/{only().id}/{act}").status_code == 404
    assert only().disabled_at is None


# --- one's own page ---


def test_everyone_chooses_their_own_letters(sign_in, cast):
    browser = sign_in(cast.executive)
    choice = {"pace": "daily", "types": ["forecast.changed", "task.due"], "book": "whole", "risk_threshold": "35"}
    assert browser.post("/account/notifications/letters", data=choice).status_code == 302
    letters = find_letters(cast.executive.id)
    assert (letters.pace, letters.types, letters.whole_book) == ("daily", ["task.due", "forecast.changed"], True)
    assert letters.risk_threshold == 0.35
    text = browser.get("/account/notifications").text
    assert re.search(r'name="pace" value="daily" checked', text)
    assert 'value="35"' in text
    browser.post("/account/notifications/letters", data=choice | {"pace": "off"})
    assert find_letters(cast.executive.id) is None


def test_a_wrong_choice_is_refused_and_kept_on_the_page(sign_in, cast):
    answer = sign_in(cast.owner).post("/account/notifications/letters", data={"pace": "daily", "types": []})
    assert answer.status_code == 422
    assert "Choose at least one event" in answer.text
    assert re.search(r'name="pace" value="daily" checked', answer.text)


def test_the_page_says_when_no_mail_can_go_out(sign_in, cast, app, config, monkeypatch):
    browser = sign_in(cast.owner)
    assert "No mail server is set up" in browser.get("/account/notifications").text
    monkeypatch.setitem(app.config, "PERENNIAL", replace(config, smtp_url="smtp://mail.example"))
    assert "No mail server is set up" not in browser.get("/account/notifications").text
    assert "/account/notifications" in browser.get("/account").text


# --- the calendar ---


@pytest.fixture
def address(page, cast, sign_in, new_account, happen):
    """The path of the owner's calendar, with a task in it."""
    happen.task(new_account(), TODAY, owner_id=cast.owner.id)
    answer = sign_in(cast.owner).post("/account/notifications/calendar")
    return re.search(r'<code id="calendar">https://perennial.example([^<]+)</code>', answer.text)[1]


def test_a_calendar_program_reads_the_address_without_signing_in(address, client):
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert "perennial.ics" in answer.headers["Content-Disposition"]
    (event,) = Calendar.from_ical(answer.data).walk("VEVENT")
    assert event["SUMMARY"] == "Call them (Slate & Sons)"
    assert "Set-Cookie" not in answer.headers


def test_an_unchanged_calendar_is_not_sent_again(address, client):
    first = client.get(address)
    again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert client.get(address, headers={"If-None-Match": '"other"'}).status_code == 200


def test_the_address_is_shown_once_replaced_and_removed(address, client, sign_in, cast):
    browser = sign_in(cast.owner)
    assert address not in browser.get("/account/notifications").text
    assert browser.get("/account/notifications").text.count("You have an address") == 1
    browser.post("/account/notifications/calendar", data={"book": "whole"})
    assert client.get(address).status_code == 404
    browser.post("/account/notifications/calendar/removal")
    assert db.session.scalars(select(CalendarFeed)).all() == []


def test_a_wrong_address_tells_nothing(address, client, cast):
    secret = address.removeprefix("/calendar/").removesuffix(".ics").split("-", 1)[1]
    for wrong in ("1", f"{cast.elsewhere.id}-{secret}", f"{cast.workspace.id}-x", "x" * 3000):
        answer = client.get(f"/calendar/{wrong}.ics")
        assert answer.status_code == 404
        assert "Meridian" not in answer.text


def test_the_secret_of_a_calendar_stays_out_of_the_log(address, client):
    with capture_logs() as lines:
        client.get(address)
    assert [line["path"] for line in lines] == ["/calendar/<secret>.ics"]
    assert address.split("-", 1)[1][:-4] not in str(lines)


def test_reading_a_calendar_leaves_no_workspace_behind(address, client):
    before = tenancy.current_scope()
    client.get(address)
    assert tenancy.current_scope() == before
