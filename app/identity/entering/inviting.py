"""Inviting a person to a workspace, and their accepting it."""

import re
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from app.core import tenancy
from app.core.tenancy import Scope
from app.extensions import db
from app.identity.entering.passwords import hash_password, is_right, refuse_weak
from app.identity.entering.signing_in import find_person
from app.identity.guard import ROLES, hash_secret
from app.identity.models import Invitation, Membership, User, Workspace
from app.identity.refusals import Refusal

LASTS = timedelta(days=7)
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def invite(email: str, role: str, by: int, now: datetime) -> str:
    """Offer a place in the workspace in force; gives the secret end of the link, of which only a hash is kept.

    An earlier invitation of the same person ends. Raises Refusal for an address, role or person that will not do.
    """
    email = email.strip()
    refuse_bad_address(email)
    refuse_unknown_role(role)
    if _is_here(email):
        raise Refusal("email", f"{email} belongs to this workspace already: change the role in the list instead.")
    withdraw(email)
    secret = secrets.token_urlsafe(32)
    db.session.add(
        Invitation(email=email, role=role, secret_hash=hash_secret(secret), invited_by=by, expires_at=now + LASTS)
    )
    db.session.flush()
    return f"{tenancy.workspace_id()}_{secret}"


def withdraw(email: str) -> None:
    """Take back what an address has been offered and not accepted."""
    open_ = (Invitation.email == email, Invitation.accepted_at.is_(None))
    db.session.execute(delete(Invitation).where(*open_))


def find_invitation(link: str, now: datetime) -> tuple[Invitation, Workspace] | None:
    """Find the open invitation behind the end of a link, and put its workspace in force."""
    number, _, secret = link.partition("_")
    if not (number.isdecimal() and len(number) < 19 and secret):
        return None
    tenancy.enter(Scope(workspace_id=int(number)))
    query = (
        select(Invitation)
        .where(Invitation.secret_hash == hash_secret(secret), Invitation.accepted_at.is_(None))
        .where(Invitation.expires_at > now)
        .with_for_update()
    )
    found = db.session.execute(query).scalar_one_or_none()
    if found is None:
        tenancy.enter(Scope())
        return None
    return found, db.session.get_one(Workspace, found.workspace_id)


def accept(invitation: Invitation, name: str, password: str, now: datetime) -> User:
    """Give the invited person their place. Who has an account proves it by its password; others make one here.

    Raises Refusal naming the field.
    """
    person = find_person(invitation.email)
    if person is None:
        person = new_person(invitation.email, name, password)
    elif not is_right(person.password_hash, password):
        raise Refusal("password", "This is not the password of your account here. Try again, or ask for a new one.")
    invitation.accepted_at = now
    join(person, invitation.role)
    return person


def new_person(email: str, name: str, password: str) -> User:
    """Write a person down. Raises Refusal for a missing name or a weak password."""
    name = name.strip()
    if not name:
        raise Refusal("name", "Say what your colleagues call you.")
    refuse_bad_address(email)
    refuse_weak(password, name, email)
    person = User(email=email, name=name, password_hash=hash_password(password))
    db.session.add(person)
    db.session.flush()
    return person


def join(person: User, role: str) -> None:
    """Give a person a place in the workspace in force, unless they have one."""
    refuse_unknown_role(role)
    db.session.execute(insert(Membership).values(user_id=person.id, role=role).on_conflict_do_nothing())


def refuse_bad_address(email: str) -> None:
    """Raise Refusal for what cannot be an e-mail address."""
    if len(email) > 254 or not _ADDRESS.fullmatch(email):
        raise Refusal("email", "Write a whole e-mail address, such as name@company.com.")


def refuse_unknown_role(role: str) -> None:
    """Raise Refusal for a role that does not exist."""
    if role not in ROLES:
        raise Refusal("role", f"Choose one of: {', '.join(ROLES)}.")


def _is_here(email: str) -> bool:
    person = find_person(email)
    return person is not None and db.session.get(Membership, (tenancy.workspace_id(), person.id)) is not None
