"""Changing what people of a workspace may do, and taking their place away. Someone must always be admin."""

from sqlalchemy import select

from app.core import tenancy
from app.core.problems import NotFoundError, Problem
from app.extensions import db
from app.identity.entering.inviting import refuse_unknown_role
from app.identity.models import Membership


def change_role(user_id: int, role: str) -> str:
    """Give a person another role; gives the one they had. Raises Problem(409) for the last admin."""
    refuse_unknown_role(role)
    place = _get_place(user_id)
    before = place.role
    if before == "admin" and role != "admin":
        _refuse_last_admin(user_id)
    place.role = role
    db.session.flush()
    return before


def remove(user_id: int) -> str:
    """Take a person's place away; their accounts become nobody's. Gives the role they had. Raises Problem(409)."""
    place = _get_place(user_id)
    if place.role == "admin":
        _refuse_last_admin(user_id)
    db.session.delete(place)
    db.session.flush()
    return place.role


def _get_place(user_id: int) -> Membership:
    place = db.session.get(Membership, (tenancy.workspace_id(), user_id))
    if place is None:
        raise NotFoundError("person")
    return place


def _refuse_last_admin(user_id: int) -> None:
    """Look at the admins under lock, so that two admins cannot dismiss each other at the same moment."""
    admins = select(Membership.user_id).where(
        Membership.workspace_id == tenancy.workspace_id(), Membership.role == "admin"
    )
    locked = db.session.execute(admins.order_by(Membership.user_id).with_for_update()).scalars().all()
    if set(locked) <= {user_id}:
        why = "A workspace needs an admin: make someone else admin first."
        raise Problem(409, why, "last_admin", [{"pointer": f"person-{user_id}", "detail": why}])
