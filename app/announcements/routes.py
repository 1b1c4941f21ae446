"""One's own letters and calendar; what a calendar program reads; the link at the foot of a letter."""

from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for
from flask_login import current_user

from app.announcements import choosing, leaving
from app.announcements.calendar import feeding, opening
from app.announcements.events import EVENTS
from app.announcements.models import PACES, RISK_THRESHOLD
from app.announcements.settings import share_in
from app.core import clock, tenancy
from app.core.problems import NotFoundError, Problem
from app.extensions import csrf, db
from app.identity import guard
from app.identity.guard import May
from app.identity.models import User, Workspace
from app.identity.refusals import by_field

blueprint = Blueprint("announcements", __name__, template_folder="templates")


@blueprint.get("/account/notifications")
@guard.allow(May.READ)
def own() -> Any:
    return _own()


@blueprint.post("/account/notifications/letters")
@guard.allow(May.READ)
def choose() -> Any:
    form = request.form
    try:
        choosing.choose(
            current_user.id,
            form.get("pace", ""),
            form.getlist("types"),
            clock.utc_now(),
            whole_book=form.get("book") == "whole",
            threshold=share_in("risk_threshold", RISK_THRESHOLD),
        )
    except Problem as problem:
        db.session.rollback()
        return _own(422, errors=by_field(problem))
    guard.note("chose", "letters", current_user.id, pace=form.get("pace"))
    db.session.commit()
    flash("Your letters are as you chose.", "success")
    return redirect(url_for(".own"))


@blueprint.post("/account/notifications/calendar")
@guard.allow(May.READ)
def open_calendar() -> Any:
    link = opening.open_feed(current_user.id, clock.utc_now(), whole_book=request.form.get("book") == "whole")
    guard.note("made", "calendar address", current_user.id)
    db.session.commit()
    return _own(calendar=_base_url() + url_for(".calendar", secret=link))


@blueprint.post("/account/notifications/calendar/removal")
@guard.allow(May.READ)
def close_calendar() -> Any:
    opening.close_feed(current_user.id)
    guard.note("removed", "calendar address", current_user.id)
    db.session.commit()
    flash("The address no longer works; calendars that read it show nothing new.", "success")
    return redirect(url_for(".own"))


@blueprint.get("/calendar/<secret>.ics")
@guard.allow_anyone
def calendar(secret: str) -> Any:
    """Give the calendar behind a secret address; 304 when the reader has it as it is."""
    owner = opening.find_feed(secret)
    if owner is None:
        raise NotFoundError("calendar")
    workspace, now = db.session.get_one(Workspace, owner.workspace_id), clock.utc_now()
    body = feeding.feed(owner, workspace, guard.day_of(workspace, now), _base_url(), now)
    db.session.commit()
    answer = Response(body, content_type="text/calendar; charset=utf-8")
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Content-Disposition"] = 'inline; filename="perennial.ics"'
    answer.add_etag()
    return answer.make_conditional(request)


@blueprint.get("/unsubscribe")
@guard.allow_anyone
def ask_to_leave() -> Any:
    """Ask once: mail programs and virus scanners open links by themselves."""
    link = request.args.get("link", "")
    workspace, person = _of_link(link)
    return render_template("announcements/unsubscribe.html", link=link, person=person, place=workspace, left=False)


# A mail program posts here without a cookie (RFC 8058); the signed link is what lets it.
@blueprint.post("/unsubscribe")
@csrf.exempt  # type: ignore[untyped-decorator] # Flask-WTF has no types
@guard.allow_anyone
def leave() -> Any:
    link = request.args.get("link", "")
    workspace, person = _of_link(link)
    with tenancy.workspace(workspace.id):
        leaving.leave(person.id)
        db.session.commit()
    return render_template("announcements/unsubscribe.html", link=link, person=person, place=workspace, left=True)


def _of_link(link: str) -> tuple[Workspace, User]:
    found = leaving.read_link(current_app.config["PERENNIAL"].secret_key, link)
    workspace = db.session.get(Workspace, found[0]) if found else None
    person = db.session.get(User, found[1]) if found else None
    if workspace is None or person is None:
        raise Problem(400, "This link is not whole. Copy all of it from the letter, or sign in to choose.", "bad_link")
    return workspace, person


def _own(status: int = 200, errors: dict[str, str] | None = None, calendar: str | None = None) -> Any:
    letters = choosing.find_letters(current_user.id)
    form = request.form if status == 422 else None
    shown = {
        "pace": form.get("pace") if form else letters.pace if letters else choosing.OFF,
        "whole_book": form.get("book") == "whole" if form else bool(letters and letters.whole_book),
        "chosen": form.getlist("types") if form else letters.types if letters else choosing.OWN_TYPES,
        "threshold": form.get("risk_threshold")
        if form
        else f"{(letters.risk_threshold if letters else RISK_THRESHOLD) * 100:g}",
        "feed": opening.own_feed(current_user.id),
        "has_mail_server": bool(current_app.config["PERENNIAL"].smtp_url),
    }
    return render_template(
        "announcements/own.html", **shown, paces=PACES, events=EVENTS, calendar=calendar, errors=errors or {}
    ), status


def _base_url() -> str:
    return str(current_app.config["PERENNIAL"].base_url)
