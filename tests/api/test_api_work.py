"""Tasks and playbooks by machine."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.core.clock import utc_now
from app.extensions import db
from app.playbooks.models import WITHDRAWN, Completion, Enrolment, Snooze, Task
from tests.api.conftest import problem, trail

TODAY = utc_now().date()


@pytest.fixture
def task(accounts):
    return {
        "account": "slate",
        "title": "Call them",
        "owner": "ann@example.com",
        "due_on": TODAY.isoformat(),
    }


def titles(answer):
    assert answer.status_code == 200, answer.text
    return [each["title"] for each in answer.json["data"]]


def test_a_task_is_added_shown_done_and_opened_again(ask, task):
    made = ask("POST", "/tasks", json=task | {"advice": "Be kind."})
    assert (made.status_code, made.json["owner_email"], made.json["advice"]) == (201, "ann@example.com", "Be kind.")
    assert (made.json["account"], made.json["is_open"], made.json["is_overdue"]) == ("Slate & Sons", True, False)
    address = made.headers["Location"].removeprefix("/api/v1")
    done = ask(
        "POST", f"{address}/completion", json={"result": "helped", "note": " Well. ", "by": "ann@example.com"}
    ).json
    assert (done["is_open"], done["result"], done["note"], done["completed_by"]) == (
        False,
        "helped",
        "Well.",
        "Olivia Owens",
    )
    again = ask("POST", f"{address}/completion", json={"result": "no effect"}).json
    assert (again["result"], again["completed_at"]) == ("helped", done["completed_at"])
    opened = ask("DELETE", f"{address}/completion").json
    assert (opened["is_open"], opened["result"]) == (True, None)
    assert [entry.act for entry in trail() if entry.subject == "task"] == [
        "added",
        "completed",
        "completed",
        "reopened",
    ]


def test_a_task_done_by_no_person_is_done_by_the_key(ask, task):
    number = ask("POST", "/tasks", json=task).json["id"]
    done = ask("POST", f"/tasks/{number}/completion", json={"result": "not needed"}).json
    assert done["completed_by"] is None
    assert trail()[-1].actor == "key warehouse"


def test_a_task_that_its_playbook_withdrew_stays_so(ask, numbers):
    task = db.session.get_one(Task, (numbers_workspace(), numbers["task_id"]))
    task.is_open = False
    db.session.add(Completion(task_id=task.id, result=WITHDRAWN, note="it ended", completed_by=None))
    db.session.commit()
    assert ask("DELETE", f"/tasks/{task.id}/completion").json["result"] == WITHDRAWN


def numbers_workspace():
    return db.session.scalars(select(Task.workspace_id)).first()


def test_tasks_are_listed_by_state_account_and_person(ask, task, accounts, cast):
    ask("POST", "/tasks", json=task | {"title": "Second"})
    other = ask(
        "POST",
        "/tasks",
        json=task | {"title": "Other", "account": "silva", "owner": "connor@example.com"},
    )
    ask("POST", f"/tasks/{other.json['id']}/completion", json={"result": "helped"})
    assert titles(ask("GET", "/tasks")) == ["Second", "Call them"]
    assert titles(ask("GET", "/tasks?state=done")) == ["Other"]
    assert titles(ask("GET", "/tasks?state=all&owner=connor@example.com")) == ["Other"]
    assert titles(ask("GET", f"/tasks?owner={cast.owner.id}&account_id={accounts.slipping.id}")) == [
        "Second",
        "Call them",
    ]
    first = ask("GET", "/tasks?state=all&limit=2").json
    rest = ask("GET", f"/tasks?state=all&limit=2&cursor={first['next_cursor']}").json
    assert [each["title"] for each in first["data"] + rest["data"]] == ["Other", "Second", "Call them"]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    ("change", "pointer"),
    [({"owner": "stranger@example.com"}, "/owner"), ({"title": "  "}, "/title"), ({"due_on": "tomorrow"}, "/due_on"),
     ({"account": 1}, "/account"), ({"account": "nowhere"}, "/account")],
)  # fmt: skip
def test_a_task_that_says_too_little_is_pointed_at(ask, task, change, pointer):
    status, _, places = problem(ask("POST", "/tasks", json=task | change))
    assert (status, places) == (422, [pointer])


def test_a_task_that_is_not_there_is_not_found(ask, accounts):
    assert problem(ask("POST", "/tasks/999999/completion", json={"result": "helped"}))[:2] == (404, "not_found")
    assert problem(ask("POST", "/tasks/1/completion", json={"result": "magic"}))[2] == ["/result"]


def test_an_account_is_put_off_a_day_and_back_on_it(ask, accounts, cast):
    address = f"/accounts/{accounts.slipping.id}/snooze"
    until = (TODAY + timedelta(days=9)).isoformat()
    for _ in range(2):
        answer = ask("PUT", address, json={"person": "ann@example.com", "until": until})
        assert answer.json == {"account_id": accounts.slipping.id, "person": "ann@example.com", "until": until}
    assert db.session.scalars(select(Snooze.user_id)).all() == [cast.owner.id]
    assert ask("DELETE", f"{address}?person=ann@example.com").status_code == 204
    assert db.session.scalars(select(Snooze.user_id)).all() == []
    past = ask("PUT", address, json={"person": "ann@example.com", "until": TODAY.isoformat()})
    assert problem(past) == (422, "refused", ["/until"])
    assert problem(ask("DELETE", address)) == (422, "validation", ["person"])


# --- playbooks ---


def test_playbooks_say_when_they_fire_what_they_do_and_what_they_have_proven(ask, numbers):
    listed = ask("GET", "/playbooks").json["data"]
    assert len(listed) == 3
    one = ask("GET", f"/playbooks/{numbers['playbook_id']}").json
    assert one in listed
    assert (one["treated"], one["held_out"], one["running"], one["open_tasks"]) == (1, 0, 1, 1)
    assert len(one["sentence"]) > 10
    assert one["steps"][0].keys() == {"after_days", "role", "title", "advice"}
    assert one["proof"]["state"] == "waiting"
    assert one["proof"]["needed"] > 100
    assert "salt" not in one


def test_a_playbook_is_switched_off_and_on(ask, numbers):
    address = f"/playbooks/{numbers['playbook_id']}"
    for is_on in (False, True):
        assert ask("PATCH", address, json={"is_on": is_on}).json["is_on"] is is_on
    assert [entry.changes["is_on"] for entry in trail() if entry.act == "switched"] == [False, True]
    assert problem(ask("PATCH", address, json={"is_on": "no"})) == (422, "validation", ["/is_on"])
    assert problem(ask("PATCH", address, json={"name": "Mine"}))[2] == ["/is_on", "/name"]


def test_the_enrolments_of_a_playbook_come_newest_first_by_arm(ask, numbers, accounts):
    for account, arm in ((accounts.silent, "held out"), (accounts.new, "treated")):
        db.session.add(Enrolment(playbook_id=numbers["playbook_id"], account_id=account.id, arm=arm, why="Risk", stratum="s",
                                 arr_minor=1, enrolled_on=TODAY))  # fmt: skip
    db.session.commit()
    address = f"/playbooks/{numbers['playbook_id']}/enrolments"
    first = ask("GET", f"{address}?limit=2").json
    rest = ask("GET", f"{address}?limit=2&cursor={first['next_cursor']}").json
    assert [each["account"] for each in first["data"]] == ["Newbridge Health", "Silva Imports"]
    assert [(each["account"], each["tasks"], each["churned"]) for each in rest["data"]] == [("Slate & Sons", 1, None)]
    assert [each["account"] for each in ask("GET", f"{address}?arm=held%20out").json["data"]] == ["Silva Imports"]
    assert problem(ask("GET", "/playbooks/999999/enrolments"))[0] == 404
