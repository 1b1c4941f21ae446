"""Settings: people and roles, keys, the audit trail, the workspace."""

from typing import Any

from flask import Blueprint, current_app, flash, g, redirect, render_template, request, url_for
from flask_login import current_user

from app.core import clock
from app.core.paging import read_number, write_cursor
from app.core.problems import NotFoundError, Problem
from app.extensions import db
from app.identity import guard, queries, staffing, trail
from app.identity import keys as key_verbs
from app.identity.entering import inviting
from app.identity.entering.letters import send_invitation
from app.identity.founding import name_of, refuse_unknown_currency, refuse_unknown_zone
from app.identity.guard import ROLES, SCOPES, May
from app.identity.models import Invitation, User, Workspace
from app.identity.refusals import by_field

blueprint = Blueprint("settings", __name__, url_prefix="/settings", template_folder="templates")


@blueprint.get("/people")
@guard.allow(May.READ)
def people() -> Any:
    return _people()


@blueprint.post("/people")
@guard.allow(May.PEOPLE)
def invite() -> Any:
    email, role = request.form.get("email", "").strip(), request.form.get("role", "")
    try:
        secret = inviting.invite(email, role, current_user.id, clock.utc_now())
    except Problem as problem:
        return _people(422, errors=by_field(problem), email=email, role=role)
    config = current_app.config["PERENNIAL"]
    link = f"{config.base_url}{url_for('identity.invitation', link=secret)}"
    send_invitation(email, g.workspace.name, current_user.name, link)
    guard.note("invited", "person", email=email, role=role)
    db.session.commit()
    return _people(invited=email, link="" if config.smtp_url else link)


@blueprint.post("/invitations/<int:invitation_id>/withdrawal")
@guard.allow(May.PEOPLE)
def withdraw(invitation_id: int) -> Any:
    offer = db.session.get(Invitation, (g.workspace.id, invitation_id))
    if offer is None:
        raise NotFoundError("invitation")
    guard.note("withdrew", "invitation", offer.id, email=offer.email)
    inviting.withdraw(offer.email)
    return _done(f"The invitation of {offer.email} is withdrawn; its link no longer works.", "people")


@blueprint.post("/people/<int:user_id>/role")
@guard.allow(May.PEOPLE)
def change_role(user_id: int) -> Any:
    role = request.form.get("role", "")
    try:
        before = staffing.change_role(user_id, role)
    except Problem as problem:
        return _refused(problem)
    if before != role:
        guard.note("changed", "role", user_id, person=_name_of(user_id), role=[before, role])
    return _done(f"{_name_of(user_id)} is {role} now.", "people")


@blueprint.post("/people/<int:user_id>/removal")
@guard.allow(May.PEOPLE)
def remove(user_id: int) -> Any:
    try:
        role = staffing.remove(user_id)
    except Problem as problem:
        return _refused(problem)
    guard.note("removed", "person", user_id, person=_name_of(user_id), role=role)
    return _done(f"{_name_of(user_id)} is removed. The accounts they owned have no owner now.", "people")


@blueprint.get("/keys")
@guard.allow(May.DATA)
def keys() -> Any:
    return _keys()


@blueprint.post("/keys")
@guard.allow(May.DATA)
def make_key() -> Any:
    name, scopes = request.form.get("name", ""), request.form.getlist("scopes")
    try:
        key, shown = key_verbs.make_key(name, scopes, current_user.id)
    except Problem as problem:
        return _keys(422, errors=by_field(problem), name=name, chosen=scopes)
    guard.note("made", "key", key.id, name=key.name, scopes=key.scopes)
    db.session.commit()
    return _keys(made=key, shown=shown)


@blueprint.post("/keys/<int:key_id>/rotation")
@guard.allow(May.DATA)
def rotate_key(key_id: int) -> Any:
    key, shown = key_verbs.rotate_key(key_id, current_user.id, clock.utc_now())
    guard.note("rotated", "key", key.id, name=key.name, key=[key_id, key.id])
    db.session.commit()
    return _keys(made=key, shown=shown)


@blueprint.post("/keys/<int:key_id>/revocation")
@guard.allow(May.DATA)
def revoke_key(key_id: int) -> Any:
    key = key_verbs.revoke_key(key_id, clock.utc_now())
    guard.note("revoked", "key", key.id, name=key.name)
    return _done(f"{key.name} is revoked: what uses it is refused from now on.", "keys")


@blueprint.get("/audit")
@guard.allow(May.PEOPLE)
def audit() -> Any:
    cursor = request.args.get("cursor")
    page = queries.trail(read_number(cursor))
    following = write_cursor(page.next_id) if page.next_id else None
    told = {"entries": page.entries, "did": trail.did, "details": trail.details}
    return render_template("identity/audit.html", **told, following=following, cursor=cursor)


@blueprint.get("/workspace")
@guard.allow(May.READ)
def workspace() -> Any:
    return _workspace()


@blueprint.post("/workspace")
@guard.allow(May.PEOPLE)
def change_workspace() -> Any:
    place = db.session.get_one(Workspace, g.workspace.id)
    before = {name: getattr(place, name) for name in ("name", "time_zone", "currency")}
    try:
        _change(place, request.form)
    except Problem as problem:
        db.session.rollback()
        return _workspace(422, by_field(problem))
    changes = {name: [old, new] for name, old in before.items() if (new := getattr(place, name)) != old}
    if changes:
        guard.note("changed", "workspace", place.id, **changes)
    return _done("The workspace is changed.", "workspace")


def _change(place: Workspace, form: Any) -> None:
    place.name = name_of(form.get("name", ""))
    refuse_unknown_zone(form.get("time_zone", ""))
    place.time_zone = form["time_zone"]
    if not queries.has_money():
        currency = form.get("currency", place.currency).strip().upper()
        refuse_unknown_currency(currency)
        place.currency = currency


def _people(status: int = 200, **shown: Any) -> tuple[str, int]:
    offers = queries.open_invitations(clock.utc_now()) if guard.may(May.PEOPLE) else []
    known = {"people": queries.people(), "offers": offers, "roles": ROLES, "errors": {}}
    return render_template("identity/people.html", **known | shown), status


def _keys(status: int = 200, **shown: Any) -> tuple[str, int]:
    known = {"keys": queries.keys(), "scopes": SCOPES, "errors": {}, "chosen": ["usage:write"]}
    return render_template("identity/keys.html", **known | shown), status


def _workspace(status: int = 200, errors: dict[str, str] | None = None) -> tuple[str, int]:
    shown = {"has_money": queries.has_money(), "zones": sorted(clock.time_zones()), "errors": errors or {}}
    return render_template("identity/workspace.html", **shown), status


def _refused(problem: Problem) -> tuple[str, int]:
    db.session.rollback()
    return _people(problem.status, errors=by_field(problem))


def _done(message: str, page: str) -> Any:
    db.session.commit()
    flash(message, "success")
    return redirect(url_for(f"settings.{page}"))


def _name_of(user_id: int) -> str:
    return str(db.session.get_one(User, user_id).name)
