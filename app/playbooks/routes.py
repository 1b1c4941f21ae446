"""What people do with tasks: complete them, put accounts off, add one by hand."""

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_login import current_user

from app.accounts.queries import get_account
from app.core.clock import utc_now
from app.core.http.returning import safe_next
from app.extensions import db
from app.identity import guard
from app.identity.guard import May
from app.identity.refusals import Refusal
from app.playbooks.tasks import adding, completing, snoozing

blueprint = Blueprint("playbooks", __name__, template_folder="templates")

SNOOZE_DAYS = 7


@blueprint.post("/tasks/<int:task_id>/completion")
@guard.allow(May.WORK)
def complete(task_id: int) -> Any:
    result, note = request.form.get("result", ""), request.form.get("note", "").strip()
    task = completing.complete(task_id, result, note, current_user.id, utc_now())
    guard.note("completed", "task", task_id, title=task.title, result=result)
    db.session.commit()
    return _done("Done.", url_for(".reopen", task_id=task_id))


@blueprint.post("/tasks/<int:task_id>/completion/undo")
@guard.allow(May.WORK)
def reopen(task_id: int) -> Any:
    task = completing.reopen(task_id)
    guard.note("reopened", "task", task_id, title=task.title)
    db.session.commit()
    return _back_as_it_was("The task is open again.")


@blueprint.post("/accounts/<int:account_id>/snooze")
@guard.allow(May.WORK)
def snooze(account_id: int) -> Any:
    until = _day("until", guard.today() + timedelta(days=SNOOZE_DAYS))
    snoozing.snooze(account_id, current_user.id, until, guard.today(), utc_now())
    guard.note("snoozed", "account", account_id, until=until.isoformat())
    db.session.commit()
    return _done(f"Off your day until {until:%-d %b}.", url_for(".wake", account_id=account_id))


@blueprint.post("/accounts/<int:account_id>/snooze/undo")
@guard.allow(May.WORK)
def wake(account_id: int) -> Any:
    snoozing.wake(account_id, current_user.id)
    guard.note("woke", "account", account_id)
    db.session.commit()
    return _back_as_it_was("The account is back on your day.")


@blueprint.post("/accounts/<int:account_id>/tasks")
@guard.allow(May.WORK)
def add(account_id: int) -> Any:
    owner = request.form.get("owner_id", "")
    task = adding.add_task(
        account_id,
        title=request.form.get("title", ""),
        advice=request.form.get("advice", ""),
        owner_id=int(owner) if owner.isdecimal() else current_user.id,
        due_on=_day("due_on", guard.today()),
        by=current_user.id,
        today=guard.today(),
        now=utc_now(),
    )
    guard.note("added", "task", task.id, account=get_account(account_id).name, title=task.title)
    db.session.commit()
    return _back_as_it_was("The task is added.")


def _day(name: str, otherwise: date) -> date:
    given = request.form.get(name, "")
    try:
        return date.fromisoformat(given) if given else otherwise
    except ValueError:
        raise Refusal(name, "Give a day as year-month-day, for example 2026-11-30.") from None


def _done(words: str, undo: str) -> Any:
    """Answer htmx with what takes the place of the row; send others back where they came from."""
    if request.headers.get("HX-Request"):
        return render_template("playbooks/done.html", words=words, undo=undo, next=_next())
    flash(words, "success")
    return redirect(_next())


def _back_as_it_was(words: str) -> Any:
    if request.headers.get("HX-Request"):
        return "", 200, {"HX-Refresh": "true"}
    flash(words, "success")
    return redirect(_next())


def _next() -> str:
    return safe_next(request.form.get("next"), url_for("today.show") if g.get("workspace") else "/")
