"""The disk is full, connections are used up: 503 with Retry-After, nothing acknowledged; and all is well afterwards."""

from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from random import Random

import pytest
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.extensions import db
from app.identity.keys import make_key
from app.local.processes import wait_until
from app.usage.intake.ingesting import ensure_meters
from tests.books import write_accounts
from tests.faults.sending import event, some_facts

ROLE = "perennial"
BACKENDS = f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = '{ROLE}'"


@contextmanager
def full_disk(product):
    """Give one of the tables that a batch writes to, midway, no room: its file is /dev/full, to which the kernel says
    "No space left on device" as it does of any full disk. It is as empty as the table, so PostgreSQL does not mind."""
    assert wait_until(lambda: not product.rows("SELECT FROM touched_account LIMIT 1"), within_s=60, pause_s=0.1)
    product.order("TRUNCATE touched_account")  # into a new file, which nobody has open
    (row,) = product.rows("SELECT current_setting('data_directory'), pg_relation_filepath('touched_account')")
    file = Path(*row)
    aside = file.with_name(f"{file.name}.aside")
    file.rename(aside)
    file.symlink_to("/dev/full")
    try:
        yield
    finally:
        aside.replace(file)
        product.order("TRUNCATE touched_account")


@contextmanager
def no_connection_free(product):
    """Connections for the product's role are used up, and those it has are lost."""
    product.order(f"ALTER ROLE {ROLE} CONNECTION LIMIT 0")
    product.rows(BACKENDS)
    try:
        yield
    finally:
        product.order(f"ALTER ROLE {ROLE} CONNECTION LIMIT -1")


def assert_refused(answer):
    """As a client that knows only the standard needs it."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/problem+json")
    assert int(answer.headers["Retry-After"]) >= 1
    body = answer.json() if callable(answer.json) else answer.json
    assert (body["status"], body["code"]) == (503, "database_away")
    assert body["detail"]


@pytest.mark.parametrize("trouble", [full_disk, no_connection_free], ids=lambda each: each.__name__)
def test_what_cannot_be_kept_is_refused_and_counted_once_when_it_comes_again(product, trouble):
    company = product.company(trouble.__name__)
    load = company.load()
    batches = [load.lines[0][0], load.lines[2][0], load.lines[5][0]]
    with company.sender() as sender:
        with trouble(product):
            for request in batches:
                assert_refused(sender.post(request.path, request.body))
        for request in batches:
            sender.deliver(request.path, request.body)
            load.acknowledged.update(request.facts)
    company.assert_counts_once(load)


@pytest.fixture
def no_pooled_connection_free(application, monkeypatch):
    """Every connection that the web process may open is in use, and the wait for one is short."""
    with application.app_context(), ExitStack() as held:
        monkeypatch.setattr(db.engine.pool, "_timeout", 0.1)
        with suppress(PoolTimeoutError):
            while True:
                held.enter_context(db.engine.connect())
        yield held


def test_a_pool_run_dry_refuses_too(committed, application, request):
    write_accounts("acme")
    ensure_meters(["calls"])
    _, key = make_key("backend", ["usage:write"], None)
    db.session.commit()
    db.session.remove()
    held = request.getfixturevalue("no_pooled_connection_free")
    headers = {"Authorization": f"Bearer {key}", "X-CSRFToken": ""}
    body = event("e1", next(some_facts(Random(1), ["acme"], ["calls"])))
    with application.app_context():
        post = partial(application.test_client().post, "/api/v1/usage", json=body, headers=headers)
        assert_refused(post())
        held.close()
        assert [post().json["accepted"], post().json["duplicates"]] == [1, 1]
