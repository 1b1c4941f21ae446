"""Writers that meet: they share a commit and its loss, wait for each other, and are stored once more if they must."""

from functools import partial
from threading import Barrier, Event

import psycopg
import pytest
from psycopg.errors import DeadlockDetected
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from app.core.bulk.upserting import run_raw
from app.extensions import db
from app.local.processes import wait_until
from app.usage.intake import committing
from app.usage.intake.correcting import correct
from app.usage.intake.ingesting import ensure_meters, ingest
from app.usage.models import DailyUsage
from tests.books import write_accounts
from tests.cast import NOW


def test_all_who_share_a_commit_hear_that_the_connection_is_lost(committed, at_once, admin):
    """One is at it until two more wait; those two are then stored together, and lose their connection each time."""

    def store(items):
        if len(calls) == 0:
            calls.append(items)
            assert wait_until(lambda: len(committing._lines["who"].waiting) == 2, within_s=20)
            return items
        calls.append(items)
        lose_connection(admin)
        return run_raw("SELECT 1", [])

    def send():
        try:
            return committing.together("who", "event", store)
        except (OperationalError, psycopg.OperationalError):
            return "lost"

    calls: list[list[str]] = []
    assert sorted(at_once(send, send, send)) == ["event", "lost", "lost"]
    assert list(map(len, calls)) == [1, 2, 1, 1]
    assert committing.together("who", "event", list) == "event"


def test_two_store_at_once_and_who_waits_goes_along_with_the_next_as_far_as_there_is_room(committed, at_once):
    sharing = committing.Sharing(at_once=2, most=5, gather_s=0)
    goes_on = {"ab": Event(), "cd": Event()}
    calls: list[list[str]] = []

    def come():
        line = committing._lines.get("who")
        return len(calls) + (len(line.waiting) if line else 0)

    def store(items):
        calls.append(items)
        if "ef" in items:
            goes_on["cd"].set()
        assert goes_on[items[0]].wait(20) if items[0] in goes_on else True
        return [item.upper() for item in items]

    def send(item, behind):
        assert wait_until(lambda: come() == behind, within_s=20)
        return committing.together("who", item, store, sharing)

    def let_go():
        assert wait_until(lambda: come() == len(sent), within_s=20)
        goes_on["ab"].set()

    sent = ["ab", "cd", "ef", "gh", "ijklmn"]
    answers = at_once(*(partial(send, item, behind) for behind, item in enumerate(sent)), let_go)
    assert answers == ["AB", "CD", "EF", "GH", "IJKLMN", None]
    assert calls == [["ab"], ["cd"], ["ef", "gh"], ["ijklmn"]]


def lose_connection(admin):
    backend = db.session.execute(text("SELECT pg_backend_pid()")).scalar()
    with admin.connect() as connection:
        assert connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": backend}).scalar()


@pytest.fixture(autouse=True)
def _no_line_left():
    yield
    committing._lines.pop("who", None)


def test_who_was_in_another_writers_way_is_stored_once_more(committed, at_once, admin):
    """Each of two holds what the other wants: PostgreSQL lets one go, and both are stored in the end."""
    meet = Barrier(2, timeout=20)

    def store(first, second):
        tries.append(first)
        db.session.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": first})
        if len(tries) <= 2:
            meet.wait()
        db.session.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": second})
        return first

    tries: list[int] = []
    ways = [partial(store, 1, 2), partial(store, 2, 1)]
    assert at_once(*(partial(committing.alone, way) for way in ways)) == [1, 2]
    assert len(tries) == 3


def test_who_is_always_in_the_way_hears_of_it_after_some_tries(committed):
    tries = []

    def store():
        tries.append(1)
        raise DeadlockDetected

    with pytest.raises(DeadlockDetected):
        committing.alone(store)
    assert len(tries) == committing.TRIES


WAITS_FOR_LOCK = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = :database"


def test_a_maximum_that_is_counted_anew_does_not_undo_a_larger_one_that_is_just_coming_in(committed, at_once, admin):
    write_accounts("acme")
    ensure_meters(["seats"], "max")
    ingest("api", [seats("e1", 5)], NOW)
    db.session.commit()
    came, database = Event(), db.engine.url.database

    def larger():
        ingest("api", [seats("e2", 9)], NOW)
        came.set()
        with admin.connect() as connection:
            waits = partial(connection.execute, text(WAITS_FOR_LOCK), {"database": database})
            assert wait_until(lambda: waits().first() is not None, within_s=20)
        db.session.commit()

    def correction():
        assert came.wait(20)
        correct("api", [seats("e1", 3)], NOW)
        db.session.commit()

    at_once(larger, correction)
    assert max(db.session.scalars(select(DailyUsage)).one().totals) == 9


def seats(event_id, quantity):
    return {"event_id": event_id, "account": "acme", "meter": "seats", "quantity": quantity,
            "happened_at": NOW, "person": None}  # fmt: skip
