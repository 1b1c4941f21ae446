"""Signing in, and what a cookie is worth: `<person>.<session version>`, so that raising the version ends them all."""

from sqlalchemy import func, select

from app.extensions import db, login_manager
from app.identity.entering.passwords import hash_password, is_outdated, is_right
from app.identity.models import User


def sign_in(email: str, password: str) -> User | None:
    """Give the person these belong to, else None; both answers take equally long."""
    person = find_person(email)
    known = person.password_hash if person else None
    if not is_right(known, password) or person is None:
        return None
    if is_outdated(known or ""):
        person.password_hash = hash_password(password)
    return person


def find_person(email: str) -> User | None:
    """Find a person by e-mail address, whatever its case."""
    query = select(User).where(func.lower(User.email) == func.lower(email.strip()))
    person: User | None = db.session.execute(query).scalar_one_or_none()
    return person


def sign_out_everywhere(person: User) -> None:
    """End every session of the person, this one too."""
    person.session_version += 1


@login_manager.user_loader  # type: ignore[untyped-decorator]
def person_of_session(value: str) -> User | None:
    """Find whose session a cookie holds; None once its version has passed."""
    number, _, version = value.partition(".")
    if not (number.isdecimal() and version.isdecimal()):
        return None
    person = db.session.get(User, int(number))
    return person if person and person.session_version == int(version) else None
