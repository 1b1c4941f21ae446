"""A new password for a person: changed by who knows the old one, or reset over their mail."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import select, update

from app.core import tenancy
from app.extensions import db
from app.identity.entering.letters import send_password_changed, send_reset
from app.identity.entering.passwords import hash_password, is_right, refuse_weak
from app.identity.entering.signing_in import find_person, sign_out_everywhere
from app.identity.guard import hash_secret, own_memberships
from app.identity.models import AuditEntry, PasswordReset, User
from app.identity.refusals import Refusal

LASTS = timedelta(hours=1)


def ask_for_reset(email: str, base_url: str, now: datetime) -> None:
    """Mail the way to a new password to whoever has this address; says nothing when nobody has.

    The letter is a job of the person's first workspace; who belongs to none gets none.
    """
    person = find_person(email)
    places = own_memberships(person.id) if person else []
    if person is None or not places:
        return
    secret = secrets.token_urlsafe(32)
    db.session.add(PasswordReset(secret_hash=hash_secret(secret), user_id=person.id, expires_at=now + LASTS))
    tenancy.enter_workspace(places[0][1].id)
    send_reset(person.email, person.name, f"{base_url}/reset?secret={secret}")


def find_reset(secret: str, now: datetime) -> PasswordReset | None:
    """Find the unused, unexpired reset behind a link."""
    query = (
        select(PasswordReset)
        .where(PasswordReset.secret_hash == hash_secret(secret), PasswordReset.used_at.is_(None))
        .where(PasswordReset.expires_at > now)
        .with_for_update()
    )
    found: PasswordReset | None = db.session.execute(query).scalar_one_or_none()
    return found


def reset(found: PasswordReset, password: str, now: datetime) -> User:
    """Set the password, end every session and every other open reset. Raises Refusal for a weak one."""
    person = db.session.get_one(User, found.user_id)
    _set(person, password)
    open_ = (PasswordReset.user_id == person.id, PasswordReset.used_at.is_(None))
    db.session.execute(update(PasswordReset).where(*open_).values(used_at=now))
    places = own_memberships(person.id)
    if places:
        tenancy.enter_workspace(places[0][1].id)
        db.session.add(
            AuditEntry(
                actor_id=person.id, actor=person.name, act="reset", subject="password", subject_id=person.id, changes={}
            )
        )
        send_password_changed(person.email, person.name)
    return person


def change_password(person: User, present: str, new: str) -> None:
    """Set another password and end every session. Raises Refusal when the present one is wrong or the new one weak."""
    if not is_right(person.password_hash, present):
        raise Refusal("present", "This is not your present password.")
    _set(person, new)
    send_password_changed(person.email, person.name)


def _set(person: User, password: str) -> None:
    refuse_weak(password, person.name, person.email)
    person.password_hash = hash_password(password)
    sign_out_everywhere(person)
