"""What was said is kept once, with its mood; the summary says when we last spoke and who waits for an answer."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from app.accounts.intake import recording
from app.accounts.intake.touching import claim_touched
from app.accounts.models import Contact
from app.accounts.queries import account_ids_by_external_id, get_summary
from app.conversations import summarising
from app.conversations.models import Interaction
from app.conversations.recording import record_interactions
from app.core import tenancy
from app.core.clock import utc_now
from app.extensions import db
from tests.books import subscribe, write_accounts

NOW = utc_now().replace(microsecond=0)


def hours_ago(hours):
    return NOW - timedelta(hours=hours)


def said(external_id, hours, direction="in", **fields):
    told = {"external_id": external_id, "account": "acme", "channel": "email", "direction": direction}
    return told | {"happened_at": hours_ago(hours)} | fields


@pytest.fixture
def acme(workspace):
    (account_id,) = write_accounts("acme")
    subscribe()
    return account_id


def record(*records):
    return record_interactions("crm", records, NOW)


def only():
    return db.session.scalars(select(Interaction).execution_options(populate_existing=True)).one()


def test_it_is_kept_once_and_changed_in_place(acme):
    words = said("m1", 5, body="The export is broken")
    told = [record(words), record(words), record(words | {"resolved_at": NOW})]
    assert [(each.added, each.updated, each.unchanged) for each in told] == [(1, 0, 0), (0, 0, 1), (0, 1, 0)]
    assert told[0].account_ids == {acme}
    assert only().resolved_at == NOW


def test_unknown_accounts_are_left_out_and_named(acme):
    told = record(said("m1", 1), said("m2", 1, account="nowhere"))
    assert (told.added, told.unknown) == (1, {"nowhere"})


def test_a_person_is_found_by_their_number_and_a_stranger_is_nobody(acme):
    recording.record_contacts([{"external_id": "ann", "account": "acme", "name": "Ann"}], NOW)
    record(said("m1", 1, contact="ann"), said("m2", 1, contact="who"))
    people = dict(db.session.execute(select(Interaction.external_id, Interaction.contact_id)).all())
    assert people["m1"] is not None
    assert people["m2"] is None


@pytest.mark.parametrize(
    ("fields", "has_mood"),
    [
        ({"body": "great"}, True), ({"subject": "great", "body": None}, True), ({"body": None}, False),
        ({"body": "great", "direction": "out"}, False), ({"body": "great", "direction": "internal"}, False),
    ],
)  # fmt: skip
def test_only_their_own_words_have_a_mood(acme, fields, has_mood):
    record(said("m1", 1) | fields)
    assert (only().sentiment is not None) == has_mood
    assert (only().sentiment_why is not None) == has_mood


def test_the_words_behind_a_mood_are_kept_with_its_version(acme):
    record(said("m1", 1, body="We cancel, the app is unusable"))
    assert only().sentiment_why["words"][0] == "unusable"
    assert only().sentiment_why["flags"] == ["cancel"]
    assert only().sentiment_why["version"]


def test_a_reply_has_the_mood_of_what_it_says_not_of_its_subject(acme):
    record(said("m1", 1, subject="How do we share a great report? Or cancel?", body="Not helpful."))
    assert only().sentiment < 0
    assert only().sentiment_why["flags"] == ["cancel"]


@pytest.mark.parametrize(("rating", "mood"), [(1, -1.0), (3, 0.0), (4.5, 0.75)])
def test_a_rating_outweighs_how_its_words_sound(acme, rating, mood):
    record(said("m1", 1, body="Great, thanks a lot!", satisfaction=rating))
    assert only().sentiment == mood
    assert only().sentiment_why["words"][0] == f"rated {rating:g} of 5"


def test_a_past_talk_counts_as_known_when_it_happened_unless_the_source_knows_better(acme):
    record(said("m1", 50))
    assert only().recorded_at == hours_ago(50)
    record(said("m1", 50, recorded_at=hours_ago(2)))
    assert only().recorded_at == hours_ago(2)


def test_what_lies_ahead_is_known_now(acme):
    record(said("m1", -50, channel="meeting"))
    assert only().recorded_at == NOW


def summary(acme, *records):
    record(*records)
    summarising.refresh([acme])
    db.session.expire_all()
    found = get_summary(acme)
    return found.last_touch_at, found.owed_since


def test_a_talk_either_way_is_a_touch_and_a_note_among_ourselves_is_none(acme):
    assert summary(acme, said("m1", 9, "out"), said("m2", 7, resolved_at=NOW), said("m3", 1, "internal")) == (
        hours_ago(7),
        None,
    )


def test_an_answer_is_owed_since_their_first_word_after_our_last(acme):
    talk = [said("m1", 30), said("m2", 20, "out"), said("m3", 10), said("m4", 5)]
    assert summary(acme, *talk) == (hours_ago(5), hours_ago(10))
    assert summary(acme, said("m5", 1, "out")) == (hours_ago(1), None)


@pytest.mark.parametrize(
    "fields",
    [
        {"resolved_at": NOW},
        {"channel": "phone"},
        {"channel": "meeting"},
        {"direction": "internal"},
        {"happened_at": hours_ago(15 * 24)},
    ],
)
def test_nothing_is_owed_for_what_is_settled_spoken_or_long_past(acme, fields):
    assert summary(acme, said("m1", 3) | fields)[1] is None


@pytest.mark.parametrize("channel", ["email", "chat", "ticket", "in_app", "social", "community"])
def test_written_words_wait_for_an_answer_on_every_channel(acme, channel):
    assert summary(acme, said("m1", 3, channel=channel))[1] == hours_ago(3)


def test_accounts_that_were_spoken_to_are_scored_again(acme):
    claim_touched(10)
    write_accounts("other")
    subscribe()
    summary(acme, said("m1", 3))
    assert claim_touched(10).account_ids == [acme]


def test_refreshing_all_does_what_refreshing_each_does_and_leaves_the_scoring_to_its_caller(acme):
    record(said("m1", 3))
    claim_touched(10)
    summarising.refresh(None)
    db.session.expire_all()
    assert get_summary(acme).owed_since == hours_ago(3)
    assert claim_touched(10).account_ids == []


def test_talks_of_another_workspace_stay_there(cast):
    write_accounts("acme")
    subscribe()
    record(said("m1", 3))
    with tenancy.workspace(cast.elsewhere.id):
        (theirs,) = write_accounts("acme")
        subscribe()
        summarising.refresh(None)
        assert get_summary(theirs).last_touch_at is None
        assert db.session.scalars(select(Interaction)).all() == []


@pytest.fixture
def browser(cast, sign_in):
    write_accounts("acme")
    subscribe()
    return sign_in(cast.owner)


@pytest.mark.parametrize(("channel", "direction"), [("note", "internal"), ("phone", "out"), ("meeting", "out")])
def test_a_person_writes_down_what_was_said(browser, cast, channel, direction):
    account = get_summary(_acme()).account_id
    answer = browser.post(f"/accounts/{account}/interactions", data={"channel": channel, "body": " They are happy. "})
    assert answer.location == f"/accounts/{account}#timeline"
    kept = only()
    assert (kept.channel, kept.direction, kept.body, kept.author) == (
        channel,
        direction,
        "They are happy.",
        cast.owner.name,
    )
    assert abs(kept.happened_at - datetime.now(UTC)) < timedelta(minutes=5)


def test_the_person_spoken_to_must_be_of_the_account(browser):
    write_accounts("other")
    people = [{"external_id": name, "account": of, "name": name} for name, of in (("ann", "acme"), ("bob", "other"))]
    recording.record_contacts(people, NOW)
    ids = dict(db.session.execute(select(Contact.external_id, Contact.id)).all())
    for name in ("ann", "bob"):
        browser.post(
            f"/accounts/{_acme()}/interactions", data={"channel": "phone", "body": name, "contact_id": ids[name]}
        )
    kept = dict(db.session.execute(select(Interaction.body, Interaction.contact_id)).all())
    assert kept == {"ann": ids["ann"], "bob": None}


@pytest.mark.parametrize(
    "form",
    [
        {"channel": "fax", "body": "x"},
        {"channel": "note", "body": "  "},
        {"body": "x" * 20_001},
        {"body": "a\0b"},
        {"body": "x", "contact_id": "9" * 30},
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_reason(browser, form):
    assert browser.post(f"/accounts/{_acme()}/interactions", data=form).status_code in {400, 422}
    assert db.session.scalars(select(Interaction)).all() == []


def _acme():
    return account_ids_by_external_id(["acme"])["acme"]
