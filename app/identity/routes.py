"""The doors: signing in and out, invitations, new passwords, one's own account.

What opens a door travels in the query or the form, never in the path, for paths are logged.
"""

from hashlib import sha256
from typing import Any

from flask import Blueprint, current_app, flash, g, redirect, render_template, request, session, url_for
from flask_login import current_user, login_user, logout_user
from werkzeug.exceptions import TooManyRequests

from app.core import clock
from app.core.http.returning import safe_next
from app.core.problems import NotFoundError, Problem
from app.extensions import db, limiter
from app.identity import guard
from app.identity.entering import inviting, resetting, signing_in
from app.identity.guard import May
from app.identity.models import User
from app.identity.refusals import by_field

blueprint = Blueprint("identity", __name__, template_folder="templates")


def _email_tried() -> str:
    """Count tries by e-mail address too, so that many machines cannot guess at one person. Valkey sees a hash."""
    return sha256(request.form.get("email", "").strip().lower().encode()).hexdigest()


_TRIED_TOO_OFTEN = (
    "Too many tries from this machine, or with this e-mail address. Nothing is locked: wait a minute, then try again."
)
_by_address = limiter.shared_limit("10/minute", scope="door")
_by_email = limiter.shared_limit("5/minute", scope="door-email", key_func=_email_tried)


@blueprint.get("/sign-in")
@guard.allow_anyone
def sign_in() -> Any:
    wanted = safe_next(request.args.get("next"))
    return redirect(wanted) if current_user.is_authenticated else _door("sign_in", next=wanted)


@blueprint.post("/sign-in")
@guard.allow_anyone
@_by_address
@_by_email
def enter() -> Any:
    email, wanted = request.form.get("email", ""), safe_next(request.form.get("next"))
    person = signing_in.sign_in(email, request.form.get("password", ""))
    if person is None:
        wrong = {"password": "The e-mail address or the password is wrong. Try again, or ask for a new password."}
        return _door("sign_in", 422, next=wanted, email=email, errors=wrong)
    _let_in(person)
    db.session.commit()
    return redirect(wanted)


@blueprint.post("/sign-out")
@guard.allow_anyone
def sign_out() -> Any:
    logout_user()
    session.clear()
    return redirect(url_for("identity.sign_in"))


@blueprint.get("/forgot")
@guard.allow_anyone
def forgot() -> Any:
    return _door("forgot")


@blueprint.post("/forgot")
@guard.allow_anyone
@_by_address
@_by_email
def ask_for_reset() -> Any:
    email = request.form.get("email", "").strip()
    resetting.ask_for_reset(email, _base_url(), clock.utc_now())
    db.session.commit()
    return _door("forgot", sent_to=email)


@blueprint.get("/reset")
@guard.allow_anyone
def reset() -> Any:
    secret = request.args.get("secret", "")
    found = resetting.find_reset(secret, clock.utc_now())
    return _door("reset", secret=secret) if found else _door("ended", 404, what="link for a new password")


@blueprint.post("/reset")
@guard.allow_anyone
@_by_address
def set_password() -> Any:
    secret = request.form.get("secret", "")
    found = resetting.find_reset(secret, clock.utc_now())
    if found is None:
        return _door("ended", 404, what="link for a new password")
    try:
        resetting.reset(found, request.form.get("password", ""), clock.utc_now())
    except Problem as problem:
        return _door("reset", 422, secret=secret, errors=by_field(problem))
    db.session.commit()
    flash("Your password is new. Sign in with it.", "success")
    return redirect(url_for("identity.sign_in"))


@blueprint.get("/invitation")
@guard.allow_anyone
def invitation() -> Any:
    link = request.args.get("link", "")
    found = inviting.find_invitation(link, clock.utc_now())
    if found is None:
        return _door("ended", 404, what="invitation")
    return _door("invitation", link=link, invitation=found[0], workspace=found[1], known=_has_account(found[0].email))


@blueprint.post("/invitation")
@guard.allow_anyone
@_by_address
def accept() -> Any:
    form = request.form
    link = form.get("link", "")
    found = inviting.find_invitation(link, clock.utc_now())
    if found is None:
        return _door("ended", 404, what="invitation")
    offer, workspace = found
    try:
        person = inviting.accept(offer, form.get("name", ""), form.get("password", ""), clock.utc_now())
    except Problem as problem:
        shown = {"link": link, "invitation": offer, "workspace": workspace, "known": _has_account(offer.email)}
        return _door("invitation", 422, **shown, name=form.get("name", ""), errors=by_field(problem))
    _let_in(person)
    session["workspace_id"] = workspace.id
    guard.note("accepted", "invitation", offer.id, role=offer.role)
    db.session.commit()
    return redirect("/")


@blueprint.get("/account")
@guard.allow(May.READ)
def own_account() -> Any:
    return _own_account()


@blueprint.post("/account/name")
@guard.allow(May.READ)
def rename() -> Any:
    name = request.form.get("name", "").strip()
    if not name:
        return _own_account(422, {"name": "Say what your colleagues call you."})
    guard.note("changed", "name", current_user.id, name=[current_user.name, name])
    current_user.name = name
    db.session.commit()
    flash("Your name is changed.", "success")
    return redirect(url_for("identity.own_account"))


@blueprint.post("/account/password")
@guard.allow(May.READ)
@_by_address
def change_password() -> Any:
    person = _present_person()
    try:
        resetting.change_password(person, request.form.get("present", ""), request.form.get("password", ""))
    except Problem as problem:
        return _own_account(422, by_field(problem))
    guard.note("changed", "password", person.id)
    _let_in(person)
    db.session.commit()
    flash("Your password is changed, and every other session is signed out.", "success")
    return redirect(url_for("identity.own_account"))


@blueprint.post("/account/sign-out-everywhere")
@guard.allow(May.READ)
def sign_out_everywhere() -> Any:
    signing_in.sign_out_everywhere(_present_person())
    guard.note("ended", "sessions", current_user.id)
    db.session.commit()
    logout_user()
    session.clear()
    flash("You are signed out everywhere.", "success")
    return redirect(url_for("identity.sign_in"))


@blueprint.post("/workspaces/<int:workspace_id>")
@guard.allow(May.READ)
def switch_workspace(workspace_id: int) -> Any:
    if workspace_id not in {place.id for place in g.workspaces}:
        raise NotFoundError("workspace")
    session["workspace_id"] = workspace_id
    return redirect("/")


@blueprint.errorhandler(TooManyRequests)
def slow_down(_error: TooManyRequests) -> Any:
    """Tell people at the door, in words, what Retry-After tells machines; whoever signs in keeps the form."""
    if request.endpoint == "identity.enter":
        shown = {"next": safe_next(request.form.get("next")), "email": request.form.get("email", "")}
        return _door("sign_in", 429, **shown, errors={"password": _TRIED_TOO_OFTEN})
    return _door("slow_down", 429, why=_TRIED_TOO_OFTEN)


def _door(page: str, status: int = 200, /, **shown: Any) -> tuple[str, int]:
    return render_template(f"identity/{page}.html", **{"errors": {}} | shown), status


def _own_account(status: int = 200, errors: dict[str, str] | None = None) -> tuple[str, int]:
    return _door("own_account", status, errors=errors or {})


def _let_in(person: User) -> None:
    """Begin a session anew, so that nothing planted before signing in is left (session fixation)."""
    workspace_id = session.get("workspace_id") if current_user.is_authenticated else None
    session.clear()
    session.permanent = True
    if workspace_id:
        session["workspace_id"] = workspace_id
    login_user(person)


def _present_person() -> User:
    person: User = db.session.get_one(User, current_user.id)
    return person


def _has_account(email: str) -> bool:
    return signing_in.find_person(email) is not None


def _base_url() -> str:
    return str(current_app.config["PERENNIAL"].base_url)
