"""A request with an Idempotency-Key is done once; sent again, it is answered as the first time."""

from datetime import timedelta
from threading import Event

import pytest
from sqlalchemy import func, select, text

from app.core.clock import utc_now
from app.core.rest import replaying
from app.core.rest.models import IdempotentAnswer
from app.extensions import db
from app.identity.guard import SCOPES
from app.identity.keys import make_key
from app.playbooks import api
from app.playbooks.models import Task
from jobs import prune_jobs
from tests.api.conftest import problem, trail
from tests.api.seeding import seed_book
from tests.cast import assemble


@pytest.fixture
def task(accounts):
    return {
        "account": "slate",
        "title": "Call them",
        "owner": "ann@example.com",
        "due_on": "2026-12-01",
    }


def tasks():
    return db.session.scalar(
        select(func.count()).select_from(Task).where(Task.title == "Call them", Task.step.is_(None))
    )


def test_the_same_request_again_adds_nothing_and_is_answered_the_same(ask, task):
    first = ask("POST", "/tasks", json=task, headers={"Idempotency-Key": "a"})
    again = ask("POST", "/tasks", json=task, headers={"Idempotency-Key": "a"})
    assert (first.status_code, again.status_code, again.data) == (201, 201, first.data)
    assert (again.headers["Location"], again.headers["ETag"]) == (first.headers["Location"], first.headers["ETag"])
    assert (first.headers.get("Idempotent-Replayed"), again.headers["Idempotent-Replayed"]) == (None, "true")
    assert tasks() == 1
    assert len([entry for entry in trail() if entry.act == "added"]) == 1


def test_without_a_key_each_request_counts(ask, task):
    assert ask("POST", "/tasks", json=task).json["id"] != ask("POST", "/tasks", json=task).json["id"]
    assert tasks() == 2


@pytest.mark.parametrize("path", ["/tasks", "/tasks?again=1"])
def test_the_same_key_for_another_request_is_refused(ask, task, path):
    ask("POST", "/tasks", json=task, headers={"Idempotency-Key": "a"})
    other = task if "?" in path else task | {"title": "Another"}
    refused = ask("POST", path, json=other, headers={"Idempotency-Key": "a"})
    assert problem(refused) == (422, "key_reused", ["Idempotency-Key"])
    assert tasks() == 1


def test_a_refused_request_is_not_kept_so_that_it_can_be_mended(ask, task):
    wrong = ask("POST", "/tasks", json=task | {"owner": "nobody@example.com"}, headers={"Idempotency-Key": "a"})
    assert wrong.status_code == 422
    assert ask("POST", "/tasks", json=task, headers={"Idempotency-Key": "a"}).status_code == 201


def test_two_keys_of_a_workspace_do_not_know_each_others_names(ask, task, cast):
    _, other = make_key("other", list(SCOPES), cast.admin.id)
    ask("POST", "/tasks", json=task, headers={"Idempotency-Key": "a"})
    assert ask("POST", "/tasks", json=task, headers={"Idempotency-Key": "a"}, secret=other).status_code == 201
    assert tasks() == 2


def test_an_answer_without_a_body_is_replayed_too(ask, accounts):
    path = f"/accounts/{accounts.slipping.id}/snooze?person=ann@example.com"
    answers = [ask("DELETE", path, headers={"Idempotency-Key": "a"}) for _ in range(2)]
    assert [(answer.status_code, answer.data) for answer in answers] == [(204, b""), (204, b"")]
    assert len([entry for entry in trail() if entry.act == "woke"]) == 1


@pytest.mark.parametrize("name", ["", "x" * 256, "two words", "é"])
def test_a_key_that_cannot_be_one_is_refused(ask, task, name):
    refused = ask("POST", "/tasks", json=task, headers={"Idempotency-Key": name})
    assert problem(refused) == (400, "bad_idempotency_key", ["Idempotency-Key"])
    assert tasks() == 0


def test_after_a_day_a_name_is_free_again(ask, task):
    ask("POST", "/tasks", json=task, headers={"Idempotency-Key": "a"})
    db.session.execute(text("UPDATE idempotent_answer SET answered_at = answered_at - interval '25 hours'"))
    assert ask("POST", "/tasks", json=task | {"title": "Another"}, headers={"Idempotency-Key": "a"}).status_code == 201


def test_the_night_forgets_what_is_older_than_a_day(ask, task):
    for name in ("old", "new"):
        ask("POST", "/tasks", json=task, headers={"Idempotency-Key": name})
    old = select(IdempotentAnswer).where(IdempotentAnswer.name == "old")
    db.session.scalars(old).one().answered_at = utc_now() - replaying.KEEP_FOR - timedelta(minutes=1)
    prune_jobs.run(None)
    assert db.session.scalars(select(IdempotentAnswer.name)).all() == ["new"]


def test_what_was_answered_stands_or_falls_with_the_change(ask, task, monkeypatch):
    def break_off(*_args, **_kwargs):
        raise RuntimeError("the process dies before it commits")

    monkeypatch.setattr("app.core.rest.api.keep_answer", break_off)
    assert ask("POST", "/tasks", json=task, headers={"Idempotency-Key": "a"}).status_code == 500
    assert (tasks(), db.session.scalar(select(func.count()).select_from(IdempotentAnswer))) == (0, 0)


# --- over real connections ---


@pytest.fixture
def machine(committed, application):
    """A key in a workspace whose commits are real; gives what posts a task with it, and the task."""
    cast = assemble(committed)
    seed_book(cast)
    _, key = make_key("machine", list(SCOPES), cast.admin.id)
    db.session.commit()
    body = {
        "account": "slate",
        "title": "Call them",
        "owner": "ann@example.com",
        "due_on": "2026-12-01",
    }
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "same"}
    application.test_client().get("/api/v1/me", headers=headers)  # writes down that the key is used, once a minute
    return lambda: application.test_client().post("/api/v1/tasks", json=body, headers=headers)


def test_of_two_at_once_one_is_done_and_the_other_told_that_it_still_runs(machine, at_once, monkeypatch):
    entered, release = Event(), Event()
    add = api.adding.add_task

    def slowly(*args, **kwargs):
        entered.set()
        assert release.wait(30)
        return add(*args, **kwargs)

    monkeypatch.setattr(api.adding, "add_task", slowly)

    def second():
        assert entered.wait(30)
        try:
            return machine()
        finally:
            release.set()

    first, later = at_once(machine, second)
    assert first.status_code == 201
    assert problem(later)[:2] == (409, "still_running")
    assert machine().data == first.data
    assert tasks() == 1


def test_many_at_once_add_one_task(machine, at_once):
    answers = at_once(*[machine] * 6)
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.data for answer in answers if answer.status_code == 201}) == 1
    assert tasks() == 1
