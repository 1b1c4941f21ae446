"""Letters go to those whose accounts they are about, at the pace they chose, and end by one click."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select

from app.announcements.addressing import next_letter
from app.announcements.choosing import choose, find_letters
from app.announcements.delivery.claiming import A_FEW
from app.announcements.delivery.sending import NO_MAIL_SERVER
from app.announcements.leaving import link_to_leave, read_link
from app.announcements.models import DeliveryAttempt, Subscriber
from app.extensions import db
from app.identity.models import Membership
from app.identity.refusals import Refusal
from app.local.ports import any_free_port
from tests.announcements.conftest import ALL, BASE_URL, deliveries
from tests.cast import NOW, TODAY

HOUR = timedelta(hours=1)
MORNING = datetime(2026, 11, 21, 7, tzinfo=UTC)


@dataclass
class Postbox:
    """A mail server's handler that keeps what it takes, or refuses everything."""

    port: int
    letters: list[EmailMessage] = field(default_factory=list)
    receivers: list[str] = field(default_factory=list)
    refuses: bool = False

    async def handle_DATA(self, _server, _session, envelope) -> str:  # noqa: N802 - aiosmtpd's name
        if self.refuses:
            return "451 come back later"
        self.letters.append(message_from_bytes(envelope.content, policy=policy.default))
        self.receivers += envelope.rcpt_tos
        return "250 ok"


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    box = Postbox(port=any_free_port())
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    yield box
    controller.stop()


@pytest.fixture
def post(carry, open_config, postbox):
    """Deliver a person's due letters through the mail server."""

    def run(person, now=NOW):
        return carry(find_letters(person.id), now, replace(open_config, smtp_url=f"smtp://127.0.0.1:{postbox.port}"))

    return run


def wish(person, pace="at once", types=ALL, **options):
    choose(person.id, pace, types, NOW, **({"whole_book": False} | options))


# --- at once ---


def test_an_owner_is_written_to_about_their_own_account(new_account, happen, tell, cast, post, postbox):
    wish(cast.owner)
    account = new_account()
    happen.change(account)
    happen.change(new_account("Silva Imports", owner_id=cast.colleague.id))
    tell()
    assert post(cast.owner) == 1
    (letter,) = postbox.letters
    assert postbox.receivers == ["olivia@example.com"]
    assert letter["Subject"] == "Slate & Sons: health fell to watch, it was steady"
    text = letter.get_content().replace("\r\n", "\n")
    assert text.startswith("Hello Olivia Owens,\n\nSlate & Sons: health fell to watch")
    assert "active users fell from 42 to 18" in text
    assert f"{BASE_URL}/accounts/{account}\n" in text
    assert f"{BASE_URL}/account/notifications" in text
    assert letter["Auto-Submitted"] == "auto-generated"


def test_letters_on_one_account_are_one_conversation_with_numbers_of_their_own(
    new_account, happen, tell, cast, post, postbox
):
    wish(cast.owner)
    account = new_account()
    happen.change(account)
    happen.task(account)
    tell()
    assert post(cast.owner) == 2
    first, second = postbox.letters
    assert first["Message-ID"] != second["Message-ID"]
    assert first["In-Reply-To"] == second["In-Reply-To"] == second["References"]
    assert re.fullmatch(r"<account-\d+\.\d+\.\d+@perennial\.example>", first["In-Reply-To"])
    happen.change(new_account("Silva Imports"))
    tell()
    post(cast.owner)
    assert postbox.letters[2]["In-Reply-To"] != first["In-Reply-To"]


def test_a_letter_sent_again_has_the_same_number(new_account, happen, tell, cast, post, postbox):
    wish(cast.owner)
    happen.change(new_account())
    tell()
    post(cast.owner)
    (delivery,) = deliveries(find_letters(cast.owner.id))
    delivery.state, delivery.next_attempt_at = "waiting", NOW
    db.session.flush()
    post(cast.owner)
    assert len({letter["Message-ID"] for letter in postbox.letters}) == 1
    assert len(postbox.letters) == 2


def test_a_name_with_a_line_break_breaks_no_header(new_account, happen, tell, cast, post, postbox):
    wish(cast.owner)
    happen.change(new_account("Slate\r\nBcc: all@example.com"))
    tell()
    assert post(cast.owner) == 1
    assert postbox.letters[0]["Bcc"] is None
    assert postbox.letters[0]["Subject"].startswith("Slate Bcc: all@example.com: health fell")


def test_whoever_follows_the_whole_book_is_told_of_all_and_of_the_forecast(new_account, happen, tell, cast, post):
    wish(cast.leader, whole_book=True)
    wish(cast.colleague)
    happen.change(new_account())
    happen.change(new_account("Silva Imports", owner_id=None))
    happen.snapshot(TODAY - timedelta(days=1), 100_00)
    happen.snapshot(TODAY, 50_00)
    tell()
    assert (post(cast.leader), post(cast.colleague)) == (3, 0)


def test_a_task_goes_to_who_is_to_do_it(new_account, happen, tell, cast, post, postbox):
    wish(cast.owner)
    wish(cast.colleague)
    happen.task(new_account(), owner_id=cast.colleague.id)
    tell()
    assert (post(cast.owner), post(cast.colleague)) == (0, 1)
    assert postbox.letters[0]["Subject"] == "Slate & Sons: “Call them” is due on 20 November"


def test_a_person_has_a_threshold_of_their_own(new_account, happen, tell, cast):
    wish(cast.owner, threshold=0.3)
    happen.risks(new_account(), 0.2, 0.4)
    assert [each.data["threshold"] for each in tell()] == [0.3]
    assert len(deliveries(find_letters(cast.owner.id))) == 1


def test_many_at_the_same_time_become_one_letter(new_account, happen, tell, cast, post, postbox):
    wish(cast.owner)
    for n in range(A_FEW + 1):
        happen.change(new_account(f"Name{n} Ltd"))
    tell()
    assert post(cast.owner) == 1
    assert postbox.letters[0]["Subject"] == f"Meridian Software: {A_FEW + 1} things to know"
    assert [f"Name{n} Ltd: health fell" in postbox.letters[0].get_content() for n in range(6)] == [True] * 6


# --- once a day ---


def test_a_daily_letter_waits_for_the_morning_and_holds_everything(new_account, happen, tell, cast, post, postbox):
    wish(cast.owner, "daily")
    slate = new_account()
    happen.change(slate)
    happen.change(new_account("Silva Imports"))
    tell()
    happen.task(slate, TODAY + timedelta(days=1))
    tell(MORNING - HOUR)
    assert post(cast.owner, MORNING - timedelta(seconds=1)) == 0
    assert post(cast.owner, MORNING) == 1
    (letter,) = postbox.letters
    text = letter.get_content()
    assert letter["Subject"] == "Meridian Software: 3 things to know"
    places = [
        text.index(words) for words in ("Slate & Sons: health", "Slate & Sons: “Call them”", "Silva Imports: health")
    ]
    assert places == sorted(places)
    assert {each.state for each in deliveries(find_letters(cast.owner.id))} == {"delivered"}
    assert post(cast.owner, MORNING + timedelta(days=2)) == 0


def test_a_daily_letter_of_one_says_one(new_account, happen, tell, cast, post, postbox):
    wish(cast.owner, "daily")
    happen.change(new_account())
    tell()
    post(cast.owner, MORNING)
    assert postbox.letters[0]["Subject"] == "Meridian Software: 1 thing to know"


@pytest.mark.parametrize(
    ("now", "zone", "letter"),
    [
        (datetime(2026, 11, 20, 6, 59, tzinfo=UTC), "UTC", datetime(2026, 11, 20, 7, tzinfo=UTC)),
        (datetime(2026, 11, 20, 7, 0, tzinfo=UTC), "UTC", datetime(2026, 11, 21, 7, tzinfo=UTC)),
        (datetime(2026, 11, 20, 6, 0, tzinfo=UTC), "Asia/Tokyo", datetime(2026, 11, 20, 22, tzinfo=UTC)),
        (datetime(2026, 3, 28, 12, 0, tzinfo=UTC), "Europe/Berlin", datetime(2026, 3, 29, 5, tzinfo=UTC)),
    ],
)
def test_the_morning_is_the_workspaces_own_also_when_clocks_change(now, zone, letter):
    assert next_letter(now, zone) == letter


# --- when it cannot be sent ---


def test_a_mail_server_that_is_busy_gets_the_letter_later(new_account, happen, tell, cast, post, postbox):
    wish(cast.owner)
    happen.change(new_account())
    tell()
    postbox.refuses = True
    assert post(cast.owner) == 1
    postbox.refuses = False
    assert post(cast.owner, NOW + timedelta(seconds=4)) == 0
    assert post(cast.owner, NOW + HOUR) == 1
    assert len(postbox.letters) == 1
    assert "451" in db.session.scalars(select(DeliveryAttempt.error)).first()


def test_without_a_mail_server_nothing_waits_for_one(new_account, happen, tell, cast, carry):
    wish(cast.owner)
    happen.change(new_account())
    tell()
    letters = find_letters(cast.owner.id)
    assert carry(letters, NOW) == 1
    assert [each.state for each in deliveries(letters)] == ["failed"]
    assert db.session.scalars(select(DeliveryAttempt.error)).all() == [NO_MAIL_SERVER]
    assert letters.disabled_at is None


# --- choosing and leaving ---


def test_choosing_again_changes_the_choice(cast):
    wish(cast.owner)
    wish(cast.owner, "daily", ["task.due", "no.such.event"], whole_book=True, threshold=0.4)
    (letters,) = db.session.scalars(select(Subscriber))
    assert (letters.pace, letters.types, letters.whole_book, letters.risk_threshold) == (
        "daily",
        ["task.due"],
        True,
        0.4,
    )
    wish(cast.owner, "off")
    assert find_letters(cast.owner.id) is None


@pytest.mark.parametrize(
    ("choice", "field"),
    [({"pace": "hourly"}, "pace"), ({"types": []}, "types"), ({"types": ["test"]}, "types"), ({"threshold": 0.0}, "risk_threshold"),
     ({"threshold": float("nan")}, "risk_threshold")],
)  # fmt: skip
def test_a_choice_that_means_nothing_is_refused_at_its_field(cast, choice, field):
    with pytest.raises(Refusal) as refusal:
        wish(cast.owner, **choice)
    assert refusal.value.errors[0]["pointer"] == field


def test_who_leaves_the_workspace_gets_no_more_letters(new_account, happen, tell, cast):
    wish(cast.owner)
    db.session.delete(db.session.get_one(Membership, (cast.workspace.id, cast.owner.id)))
    db.session.flush()
    assert find_letters(cast.owner.id) is None


def test_a_letter_names_the_ways_out_and_one_click_ends_them(
    new_account, happen, tell, cast, post, postbox, client, config
):
    wish(cast.owner)
    wish(cast.colleague)
    happen.change(new_account())
    tell()
    post(cast.owner)
    (letter,) = postbox.letters
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = letter["List-Unsubscribe"].strip("<>").removeprefix(BASE_URL)
    page = client.get(link)
    assert (page.status_code, "Stop the letters?" in page.text, "olivia@example.com" in page.text) == (200, True, True)
    assert find_letters(cast.owner.id) is not None
    machine = client.post(link, data={"List-Unsubscribe": "One-Click"}, headers={"X-CSRFToken": ""})
    assert machine.status_code == 200
    assert find_letters(cast.owner.id) is None
    assert find_letters(cast.colleague.id) is not None
    assert client.post(link).status_code == 200


def test_a_link_to_leave_cannot_be_made_by_others(config):
    link = link_to_leave("", config.secret_key, 7, 9).split("link=")[1]
    assert read_link(config.secret_key, link) == (7, 9)
    for forged in ("", "1-1", link[:-1], link + "x", link_to_leave("", "another key", 7, 9).split("link=")[1]):
        assert read_link(config.secret_key, forged) is None
