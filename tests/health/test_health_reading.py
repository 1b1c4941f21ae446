"""What is left unread changes no figure."""

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text

from app.extensions import db
from app.health import queries
from app.health.knowing.knowledge import Knowledge
from app.health.knowing.reading import LOOK_BACK_DAYS, facts_of, read_book, snapshot_book
from app.health.knowing.recent import Recent
from app.health.knowing.witnessing import witnesses
from app.usage.intake.ingesting import ingest
from tests.books import at, days_ago, say, stretch, subscribe, use, write_accounts
from tests.cast import NOW, TODAY
from tests.health.conftest import summarise


@pytest.fixture
def sleepers(workspace, lived):
    """Add accounts that were used, or heard from, last long ago, only by errors since, never; one that began lately."""
    names = ("long ago", "only errors", "never", "young")
    ids = write_accounts(*names)
    subscribe(
        *(stretch(name, 5_000_00, days_ago(700)) for name in names[:3]), stretch("young", 1_000_00, days_ago(179))
    )
    use("long ago", {days_ago(n): 3.0 for n in (195, 250, 399)}, people=("fay",))
    use("only errors", {days_ago(n): 2.0 for n in (300, 310)})
    use("only errors", {days_ago(n): 2.0 for n in (4, 30)}, meter="errors")
    use("young", {days_ago(n): 2.0 for n in range(0, 179, 5)}, people=("gil",))
    say("long ago", {"happened_at": at(days_ago(300))}, {"happened_at": at(days_ago(200)), "channel": "meeting"})
    say("only errors", {"happened_at": at(days_ago(250)), "channel": "ticket"}, {"happened_at": at(days_ago(3))})
    say("never", {"happened_at": at(days_ago(310)), "channel": "ticket", "resolved_at": at(days_ago(306))},
        {"happened_at": at(days_ago(210))}, {"happened_at": at(days_ago(2)), "direction": "out"})  # fmt: skip
    summarise()
    return ids


def test_a_day_read_for_its_signals_alone_says_what_all_of_its_history_says(workspace, sleepers):
    ids = queries.all_account_ids()
    whole = snapshot_book(facts_of(workspace, ids, TODAY, TODAY), TODAY)
    book = read_book(workspace, ids, Knowledge(TODAY, workspace.time_zone))
    assert book.ids.tolist() == whole.ids.tolist()
    pd.testing.assert_frame_equal(book.values, whole.values.reset_index(drop=True), check_exact=True)
    pd.testing.assert_frame_equal(book.before, whole.before.reset_index(drop=True), check_exact=True)
    assert np.array_equal(book.flags, whole.flags)


def test_silence_is_counted_from_the_last_use_however_long_ago(workspace, sleepers):
    long_ago, only_errors, *_ = sleepers
    book = read_book(workspace, [long_ago, only_errors], Knowledge(TODAY, workspace.time_zone))
    assert book.values["days_since_use"].tolist() == [195, 300]


def test_an_account_whose_recent_use_came_late_is_read_whole(workspace, sleepers):
    """As known on a day it was silent, whatever is known of that day now."""
    long_ago, *_ = sleepers
    db.session.execute(text("UPDATE usage_source SET first_seen_at = '2020-01-01'"))  # else it tells of its past
    ingest("test", [{"event_id": "late", "account": "long ago", "meter": "events", "quantity": 1,
                     "happened_at": at(days_ago(3)), "person": None}], NOW, workspace.time_zone)  # fmt: skip
    past = days_ago(1)
    book = read_book(workspace, [long_ago], Knowledge(past, workspace.time_zone))
    assert book.values["days_since_use"].tolist() == [194]


def test_a_past_day_does_not_know_that_an_old_ticket_was_answered_later(workspace, sleepers):
    _, waiting, *_ = sleepers
    db.session.execute(
        text("UPDATE interaction SET resolved_at = :at WHERE account_id = :id AND channel = 'ticket'"),
        {"at": at(days_ago(1)), "id": waiting},
    )
    for day, age in ((days_ago(2), 248.0), (TODAY, 0.0)):
        book = read_book(workspace, [waiting], Knowledge(day, workspace.time_zone))
        assert book.values["open_ticket_age"].tolist() == [age]


def test_old_usage_people_and_talk_are_not_read(workspace, sleepers):
    ids = queries.all_account_ids()
    also = witnesses(Knowledge(TODAY, workspace.time_zone), LOOK_BACK_DAYS)
    recent = Recent.to(TODAY, workspace.time_zone, ids, also)
    few = facts_of(workspace, ids, TODAY, TODAY, recent)
    whole = facts_of(workspace, ids, TODAY, TODAY)
    assert few.usage.shape == whole.usage.shape
    assert len(few.user_months) < len(whole.user_months)
    assert len(few.interactions) < len(whole.interactions)
