"""The one place that says who may see and do what."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import wraps
from hashlib import sha256
from typing import Any

import structlog
from flask import Flask, g, redirect, request, session, url_for
from flask_login import current_user
from sqlalchemy import insert, select, update

from app.core import clock, tenancy
from app.core.problems import Problem
from app.core.tenancy import Scope
from app.extensions import db
from app.identity.models import ApiKey, AuditEntry, Membership, Workspace


class May(StrEnum):
    """What a role may be allowed. READ all pages; WORK accounts and tasks; STEER playbooks, scorecards and models."""

    READ = "read"
    WORK = "work"
    STEER = "steer"
    DATA = "data"
    PEOPLE = "people"


ROLES: dict[str, frozenset[May]] = {
    "admin": frozenset(May),
    "leader": frozenset({May.READ, May.WORK, May.STEER}),
    "csm": frozenset({May.READ, May.WORK}),
    "executive": frozenset({May.READ}),
    "billing engineer": frozenset({May.READ, May.DATA}),
}
SCOPES = {
    "usage:write": "send usage and product events",
    "book:read": "read everything the API shows",
    "accounts:write": "change accounts, contacts, subscriptions",
    "interactions:write": "write down interactions",
    "work:write": "change tasks, playbooks and renewal calls",
    "data:write": "make meters, replay what was refused",
}
KEY_SIGN = "prn"
REMEMBER_S = 1.0  # a revoked key ends within this

View = Callable[..., Any]


def allow(act: May) -> Callable[[View], View]:
    """Let only people whose role has `act` in; others are asked to sign in, or told no."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if not current_user.is_authenticated:
                return _ask_to_sign_in()
            _enter_for_person()
            if act not in ROLES[g.role]:
                raise Problem(403, f"Your role here ({g.role}) does not include this.", "role")
            return view(*args, **kwargs)

        guarded.guard = act  # type: ignore[attr-defined]
        return guarded

    return guard


def allow_key(scope: str, presented: Callable[[], str] | None = None) -> Callable[[View], View]:
    """Let only machines in that present an API key with `scope`.

    `presented` finds the key where a protocol keeps it; else it is looked for in the headers.
    """

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            _enter_for_key(scope, (presented or presented_key)())
            return view(*args, **kwargs)

        guarded.guard = scope  # type: ignore[attr-defined]
        return guarded

    return guard


def allow_anyone(view: View) -> View:
    """Mark a view as meant for everybody, signed in or not."""
    view.guard = "anyone"  # type: ignore[attr-defined]
    return view


def may(act: str) -> bool:
    """Say whether the person of this request may do `act` (for templates)."""
    return May(act) in ROLES.get(g.get("role", ""), frozenset())


def own_memberships(user_id: int) -> list[tuple[Membership, Workspace]]:
    """Give the workspaces a person belongs to, first the oldest."""
    tenancy.enter(Scope(user_id=user_id))
    query = (
        select(Membership, Workspace)
        .join(Workspace, Workspace.id == Membership.workspace_id)
        .where(Membership.user_id == user_id)
        .order_by(Workspace.id)
    )
    return [(row[0], row[1]) for row in db.session.execute(query)]


def note(act: str, subject: str, subject_id: int | None = None, **changes: Any) -> None:
    """Write down what a person or key changed, in the transaction of the change."""
    person = getattr(current_user, "id", None)
    actor = current_user.name if person else g.get("key_name", "system")
    entry = {"actor_id": person, "actor": actor, "act": act, "subject": subject, "subject_id": subject_id}
    db.session.execute(insert(AuditEntry.__table__), {**entry, "changes": changes})


def hash_secret(secret: str) -> str:
    """Hash a 256-bit random secret; being random, it needs no slow hash."""
    return sha256(secret.encode()).hexdigest()


def today() -> date:
    """Give the day the workspace of this request is read as of."""
    return day_of(g.workspace, clock.utc_now())


def day_of(workspace: Workspace, now: datetime) -> date:
    """Give the day a workspace is read as of: its own today, or the newest day of an old book."""
    return workspace.book_day or clock.day_in(workspace.time_zone, now)


def _ask_to_sign_in() -> Any:
    if request.headers.get("HX-Request"):
        return "", 401, {"HX-Redirect": url_for("identity.sign_in")}
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("identity.sign_in", next=wanted if wanted != "/" else None))


def _enter_for_person() -> None:
    wanted = session.get("workspace_id")
    places = own_memberships(current_user.id)
    chosen = next((place for place in places if place[1].id == wanted), places[0] if places else None)
    if chosen is None:
        raise Problem(403, "You belong to no workspace. Ask an administrator for an invitation.", "no_workspace")
    g.role, g.workspace, g.workspaces = chosen[0].role, chosen[1], [place[1] for place in places]
    tenancy.enter(Scope(workspace_id=g.workspace.id, user_id=current_user.id))
    structlog.contextvars.bind_contextvars(workspace_id=g.workspace.id, user_id=current_user.id)


@dataclass(frozen=True)
class _Recognised:
    """What is known of a key for a moment, so that a stream of small requests need not ask for it each time."""

    until: float
    key_id: int
    key_name: str
    scopes: tuple[str, ...]
    workspace: Workspace


_recognised: dict[str, _Recognised] = {}


def _enter_for_key(scope: str, presented: str) -> None:
    known = _recognised.get(hash_secret(presented))
    if known is None or known.until < time.monotonic():
        known = _recognise(presented)
    tenancy.enter(Scope(workspace_id=known.workspace.id))
    if scope not in known.scopes:
        raise Problem(403, f"This key lacks the scope {scope!r}; it has {', '.join(known.scopes)}.", "scope")
    g.workspace, g.key_id, g.key_name = known.workspace, known.key_id, known.key_name
    structlog.contextvars.bind_contextvars(workspace_id=known.workspace.id, key_id=known.key_id)


def _recognise(presented: str) -> _Recognised:
    _recognised.pop(hash_secret(presented), None)
    key = find_key(presented, clock.utc_now())
    if key is None:
        remedy = "Make one on Settings → API keys and send it as `Authorization: Bearer prn_…`."
        raise Problem(401, f"The API key is missing, unknown or revoked. {remedy}", "bad_key")
    workspace = db.session.get_one(Workspace, key.workspace_id)
    db.session.expunge(workspace)
    until = time.monotonic() + REMEMBER_S
    known = _Recognised(until, key.id, f"key {key.name}", tuple(key.scopes), workspace)
    _recognised[hash_secret(presented)] = known
    return known


def find_key(presented: str, now: datetime) -> ApiKey | None:
    """Find the live key behind what was presented, and put its workspace in force."""
    sign, _, rest = presented.partition("_")
    number, _, secret = rest.partition("_")
    if sign != KEY_SIGN or not number.isdecimal() or len(number) > 18 or not secret:
        return None
    tenancy.enter(Scope(workspace_id=int(number)))
    live = select(ApiKey).where(ApiKey.secret_hash == hash_secret(secret), ApiKey.revoked_at.is_(None))
    key: ApiKey | None = db.session.execute(live).scalar_one_or_none()
    if key is None:
        tenancy.enter(Scope())
    elif key.last_used_at is None or (now - key.last_used_at).total_seconds() > 60:
        free = select(ApiKey.id).where(ApiKey.id == key.id).with_for_update(skip_locked=True)
        db.session.execute(update(ApiKey).where(ApiKey.id.in_(free)).values(last_used_at=now))  # else another notes it
    return key


def presented_key() -> str:
    """Give the key in the headers of this request: as a bearer's, as the name or password of Basic, or by itself."""
    given = request.authorization
    if given is not None and given.type == "bearer":
        return given.token or ""
    if given is not None and given.type == "basic":
        return next((each for each in (given.username, given.password) if each and each.startswith(f"{KEY_SIGN}_")), "")
    return request.headers.get("X-Api-Key") or request.headers.get("X-Write-Key", "").rpartition(":")[2]


def forget_scope(_error: BaseException | None = None) -> None:
    """Leave nothing of one request's scope to the next on the same thread."""
    db.session.remove()
    tenancy.enter(Scope())


def guard_app(app: Flask) -> None:
    """Leave no scope behind a request; give templates `may`."""
    app.teardown_request(forget_scope)
    app.jinja_env.globals["may"] = may
