"""An import through its job: the worker's own connections, commits that are real."""

import pytest
from sqlalchemy import text

from app.accounts.models import Account
from app.connectors.csv import importing, receiving, writing
from app.connectors.csv.models import Finding
from app.core import queue
from app.core.queue import Job
from app.extensions import db
from jobs import worker
from tests.connectors.csv.conftest import FILES, NOW, windows


@pytest.fixture
def started(committed, application, monkeypatch):
    """An import that waits for its worker: gives (import id, job id)."""
    monkeypatch.setattr(worker, "_app", application)
    made = receiving.bring_in("messy", ((name, windows(content)) for name, content in FILES.items()), NOW)
    made.state, made.job_id = "waiting", queue.defer("run_import", import_id=made.id)
    db.session.commit()
    return made.id, made.job_id


def work(workspace, job_id):
    db.session.rollback()
    worker.run(workspace.id, job_id)


def found(workspace_id, import_id, job_id):
    db.session.expire_all()
    return importing.get_import(import_id).state, db.session.get_one(Job, (workspace_id, job_id)).state


def test_a_worker_brings_an_import_in(committed, started):
    workspace_id = committed.id
    work(committed, started[1])
    assert found(workspace_id, *started) == ("done", "done")
    assert db.session.query(Account).count() == 4


def test_a_stopped_import_leaves_the_book_as_it_was(committed, started, monkeypatch):
    workspace_id, write = committed.id, writing.write

    def write_and_be_stopped(kind, records, book, meters):
        if kind == "usage":
            with db.engine.begin() as other:
                other.execute(text("SELECT set_config('app.workspace_id', :id, true)"), {"id": str(workspace_id)})
                other.execute(text("UPDATE job SET cancel_asked = true WHERE id = :id"), {"id": started[1]})
        return write(kind, records, book, meters)

    monkeypatch.setattr(writing, "write", write_and_be_stopped)
    work(committed, started[1])
    assert found(workspace_id, *started) == ("waiting", "cancelled")
    assert db.session.query(Account).count() == 0


def test_an_import_that_fails_leaves_the_book_as_it_was_and_can_be_tried_again(committed, started, monkeypatch):
    workspace_id, settle = committed.id, importing._settle
    monkeypatch.setattr(importing, "_settle", lambda *_: 1 / 0)
    work(committed, started[1])
    assert db.session.query(Account).count() == 0
    monkeypatch.setattr(importing, "_settle", settle)
    db.session.execute(text("UPDATE job SET run_at = now()"))
    db.session.commit()
    work(committed, started[1])
    assert found(workspace_id, *started) == ("done", "done")
    assert db.session.query(Finding).count() == 10
