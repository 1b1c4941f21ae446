"""Single events share a commit; when it is lost, every one of their senders hears of it."""

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.core.upserting import run_raw
from app.extensions import db
from app.local.processes import wait_until
from app.usage import committing


def test_all_who_share_a_commit_hear_that_the_connection_is_lost(committed, at_once, admin):
    """One is at it until two more wait; those two are then stored together, and lose their connection each time."""

    def store(items):
        if len(calls) == 0:
            calls.append(items)
            assert wait_until(lambda: len(committing._lines["who"].waiting) == 2, within_s=20)  # noqa: SLF001
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


def lose_connection(admin):
    backend = db.session.execute(text("SELECT pg_backend_pid()")).scalar()
    with admin.connect() as connection:
        assert connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": backend}).scalar()


@pytest.fixture(autouse=True)
def _no_line_left():
    yield
    committing._lines.pop("who", None)  # noqa: SLF001
