"""People complete, put off and add tasks, with or without JavaScript."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.core.clock import day_in, utc_now
from app.extensions import db
from app.identity.models import AuditEntry
from app.playbooks.models import Completion, Snooze, Task
from tests.cast import TODAY

HTMX = {"HX-Request": "true"}


@pytest.fixture
def task(cast, new_account):
    made = Task(account_id=new_account(), title="Call them", owner_id=cast.owner.id, due_on=TODAY)
    db.session.add(made)
    db.session.flush()
    return made


@pytest.fixture
def browser(cast, sign_in):
    return sign_in(cast.owner)


def completions():
    return db.session.scalars(select(Completion)).all()


def test_completing_by_a_form_leads_back_to_where_one_was(cast, task, browser):
    form = {"result": "helped", "note": " They renewed. ", "next": "/accounts/7"}
    answer = browser.post(f"/tasks/{task.id}/completion", data=form)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/accounts/7")
    (done,) = completions()
    assert (done.result, done.note, done.completed_by) == ("helped", "They renewed.", cast.owner.id)
    entry = db.session.scalars(select(AuditEntry)).one()
    assert (entry.act, entry.subject, entry.changes) == (
        "completed",
        "task",
        {"title": "Call them", "result": "helped"},
    )


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "evil"])
def test_one_is_never_led_away_from_the_site(task, browser, elsewhere):
    answer = browser.post(f"/tasks/{task.id}/completion", data={"result": "helped", "next": elsewhere})
    assert "evil" not in answer.headers["Location"]


def test_completing_by_htmx_answers_with_done_and_undo(task, browser):
    answer = browser.post(f"/tasks/{task.id}/completion", data={"result": "helped"}, headers=HTMX)
    assert answer.status_code == 200
    assert "Done." in answer.text
    assert f"/tasks/{task.id}/completion/undo" in answer.text
    assert "<html" not in answer.text


def test_undo_opens_the_task_again(task, browser):
    browser.post(f"/tasks/{task.id}/completion", data={"result": "helped"})
    answer = browser.post(f"/tasks/{task.id}/completion/undo", headers=HTMX)
    assert answer.headers["HX-Refresh"] == "true"
    assert completions() == []
    assert db.session.get_one(Task, (task.workspace_id, task.id)).is_open


def test_an_unknown_result_is_refused(task, browser):
    assert browser.post(f"/tasks/{task.id}/completion", data={"result": "withdrawn"}).status_code == 422
    assert completions() == []


def test_an_account_is_put_off_for_a_week_and_taken_back(cast, task, browser):
    answer = browser.post(f"/accounts/{task.account_id}/snooze", headers=HTMX)
    assert "Off your day until" in answer.text
    row = db.session.scalars(select(Snooze)).one()
    assert (row.user_id, row.until) == (cast.owner.id, day_in("UTC", utc_now()) + timedelta(days=7))
    assert browser.post(f"/accounts/{task.account_id}/snooze/undo").status_code == 302
    assert db.session.scalars(select(Snooze)).all() == []


@pytest.mark.parametrize("until", ["tomorrow", "2020-01-01"])
def test_a_day_that_is_none_or_gone_by_is_refused(task, browser, until):
    assert browser.post(f"/accounts/{task.account_id}/snooze", data={"until": until}).status_code == 422


def test_a_task_is_added_by_hand(cast, task, browser):
    due = (day_in("UTC", utc_now()) + timedelta(days=9)).isoformat()
    form = {
        "title": "Send the report",
        "due_on": due,
        "owner_id": cast.colleague.id,
        "advice": "The short one",
    }
    assert browser.post(f"/accounts/{task.account_id}/tasks", data=form).status_code == 302
    added = db.session.scalars(select(Task).where(Task.id != task.id)).one()
    assert (added.title, added.owner_id, added.created_by) == ("Send the report", cast.colleague.id, cast.owner.id)
    assert added.due_on.isoformat() == due


def test_a_task_without_words_is_refused(task, browser):
    assert browser.post(f"/accounts/{task.account_id}/tasks", data={"title": " "}).status_code == 422


def test_what_does_not_exist_is_not_found(browser):
    assert browser.post("/tasks/999999/completion", data={"result": "helped"}).status_code == 404
    assert browser.post("/accounts/999999/snooze").status_code == 404
    assert browser.post("/accounts/999999/tasks", data={"title": "x"}).status_code == 404


def test_an_outsider_cannot_touch_a_task(cast, task, sign_in):
    assert sign_in(cast.outsider).post(f"/tasks/{task.id}/completion", data={"result": "helped"}).status_code == 404
    assert completions() == []


@pytest.mark.parametrize("role", ["executive", "billing_engineer"])
def test_who_may_only_read_completes_nothing(cast, task, sign_in, role):
    answer = sign_in(getattr(cast, role)).post(f"/tasks/{task.id}/completion", data={"result": "helped"})
    assert answer.status_code == 403


def test_a_form_without_its_token_is_refused(task, browser):
    answer = browser.post(f"/tasks/{task.id}/completion", data={"result": "helped"}, headers={"X-CSRFToken": ""})
    assert answer.status_code == 400
    assert completions() == []
