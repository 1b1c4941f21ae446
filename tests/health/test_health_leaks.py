"""Nothing leaks from the future: facts that become known on a day move no score dated before it, and those after it."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from app.accounts.intake import recording
from app.extensions import db
from app.health import scoring
from app.health.knowing.gathering import gather
from app.usage.intake.correcting import correct
from app.usage.intake.ingesting import ingest
from ml.features import features_as_of
from tests.books import at, days_ago, say, stretch, subscribe
from tests.cast import NOW, TODAY

HAPPENED = days_ago(9)
BEFORE, KNOWN, AFTER = [days_ago(n) for n in (8, 5, 3)], days_ago(2), [days_ago(2), days_ago(1)]
"""All that is planted happened before the first of these days, and was known on the one in the middle."""
MORNING = NOW - (TODAY - KNOWN)


def event(account, quantity, on=HAPPENED, event_id="planted"):
    return {"event_id": event_id, "account": account, "meter": "events", "quantity": quantity, "person": "new",
            "happened_at": at(on)}  # fmt: skip


def late_usage():
    assert ingest("test", [event("falling", 9_000.0)], MORNING).accepted == 1


def a_correction():
    counted = f"falling-events-{days_ago(12)}-cid"
    correct("test", [event("falling", 9_000.0, days_ago(12), counted)], MORNING)


def late_interaction():
    said = {"happened_at": at(HAPPENED), "recorded_at": MORNING, "channel": "ticket", "priority": "urgent"}
    say("busy", said | {"body": "It is broken and we will leave"})


def a_contract_that_ended():
    subscribe(stretch("monthly", 6_000_00, days_ago(200), HAPPENED, term_months=1, end_known_at=MORNING))


def a_champion_who_left():
    kim = {"external_id": "champion", "account": "busy", "name": "Kim", "role": "champion", "joined_on": days_ago(300)}
    recording.record_contacts([kim | {"left_on": HAPPENED, "left_known_at": MORNING}], NOW)


def changed_on_that_morning(kind):
    """Have what was changed just now have stood from long ago until the day in the middle."""
    moved = text("UPDATE former_fact SET stored_at = '2020-01-01', replaced_at = :at WHERE kind = :kind")
    assert db.session.execute(moved, {"at": MORNING, "kind": kind}).rowcount == 1


def automatic_renewal_switched_off():
    subscribe(stretch("busy", 24_000_00, days_ago(500), auto_renew=False))
    changed_on_that_morning("subscription")


def fewer_seats():
    subscribe(stretch("falling", 12_000_00, days_ago(300), seats=2))
    changed_on_that_morning("subscription")


def an_answer_to_a_survey():
    db.session.execute(text("UPDATE interaction SET satisfaction = 1 WHERE body LIKE 'Works well%'"))
    changed_on_that_morning("interaction")


def another_champion():
    kim = {"external_id": "champion", "account": "busy", "name": "Kim", "role": "user", "joined_on": days_ago(300)}
    recording.record_contacts([kim], NOW)
    changed_on_that_morning("contact")


PLANTS = [
    late_usage,
    a_correction,
    late_interaction,
    a_contract_that_ended,
    a_champion_who_left,
    automatic_renewal_switched_off,
    fewer_seats,
    an_answer_to_a_survey,
    another_champion,
]


@pytest.fixture
def book(workspace, lived):
    """A book whose source of usage has been known for long."""
    db.session.execute(text("UPDATE usage_source SET first_seen_at = '2020-01-01'"))
    db.session.commit()
    return lived


def stored():
    """Give what is stored of each day but when it was written, and the band, which leans on the one before."""
    query = "SELECT scored_on, account_id, to_jsonb(h) - 'computed_at' - 'band' FROM health_score h"
    return {(day, account): str(row) for day, account, row in db.session.execute(text(query))}


def one_by_one(workspace, days):
    for day in days:
        scoring.score_accounts(workspace, day)


@pytest.mark.parametrize("plant", PLANTS)
@pytest.mark.parametrize("score", [one_by_one, scoring.score_past])
def test_no_score_moves_that_is_dated_before_it_was_known_and_those_after_do(workspace, book, plant, score):
    score(workspace, [*BEFORE, *AFTER])
    before = stored()
    plant()
    db.session.execute(text("DELETE FROM health_score"))
    score(workspace, [*BEFORE, *AFTER])
    moved = {day for day, _ in {where for where, _ in before.items() ^ stored().items()}}
    assert moved == set(AFTER)


@pytest.mark.parametrize("plant", PLANTS)
def test_no_landmark_that_is_learnt_from_moves_either(workspace, book, plant):
    ids = sorted(vars(book).values())

    def landmarks():
        facts = gather(ids, days_ago(400), TODAY, workspace.time_zone)
        return {day: features_as_of(facts, day) for day in (*BEFORE, *AFTER)}

    before = landmarks()
    plant()
    after = landmarks()
    assert {day for day in before if not before[day].equals(after[day])} == set(AFTER)


def test_what_is_said_on_the_very_day_is_known_on_it_whenever_on_it(workspace, book):
    scoring.score_accounts(workspace, KNOWN)
    before = stored()
    ingest("test", [event("falling", 9_000.0, KNOWN)], MORNING + timedelta(hours=10))
    scoring.score_accounts(workspace, KNOWN)
    assert stored() != before
