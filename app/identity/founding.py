"""Founding a workspace with its first people."""

from collections.abc import Iterable

from app.core import tenancy
from app.core.clock import time_zones
from app.extensions import db
from app.identity.entering.inviting import join, new_person
from app.identity.entering.signing_in import find_person
from app.identity.models import Workspace
from app.identity.refusals import Refusal

Founder = tuple[str, str, str, str]
"""E-mail address, name, role, password."""


def found(name: str, time_zone: str, currency: str, people: Iterable[Founder], *, is_demo: bool = False) -> Workspace:
    """Make a workspace with its people, at least one of them admin; who has an account already keeps it as it is.

    Raises Refusal naming what will not do.
    """
    people = list(people)
    refuse_unknown_zone(time_zone)
    refuse_unknown_currency(currency)
    if not any(role == "admin" for _, _, role, _ in people):
        raise Refusal("people", "A workspace needs an admin among its first people.")
    workspace = Workspace(name=name_of(name), time_zone=time_zone, currency=currency, is_demo=is_demo)
    db.session.add(workspace)
    db.session.flush()
    with tenancy.workspace(workspace.id):
        for email, person_name, role, password in people:
            join(find_person(email) or new_person(email, person_name, password), role)
    return workspace


def name_of(given: str) -> str:
    """Give a workspace's name without its margins. Raises Refusal when nothing is left."""
    name = given.strip()
    if not name:
        raise Refusal("name", "Give the workspace the name your company goes by.")
    return name


def refuse_unknown_zone(time_zone: str) -> None:
    """Raise Refusal for what is not an IANA time zone."""
    if time_zone not in time_zones():
        raise Refusal("time_zone", "Choose an IANA time zone, such as Europe/Berlin.")


def refuse_unknown_currency(currency: str) -> None:
    """Raise Refusal for what cannot be an ISO 4217 code."""
    if not (len(currency) == 3 and currency.isascii() and currency.isupper() and currency.isalpha()):
        raise Refusal("currency", "Write the three letters of a currency, such as EUR.")
