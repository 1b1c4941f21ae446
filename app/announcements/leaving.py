"""The link in each letter that ends them, without signing in: signed, so that nobody can make one for another."""

from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import select

from app.announcements.models import Subscriber
from app.extensions import db

_SALT = "leave the letters"


def leave(user_id: int) -> bool:
    """End a member's letters. Says whether they got any."""
    query = select(Subscriber).where(Subscriber.kind == "mail", Subscriber.user_id == user_id)
    found = db.session.scalars(query).one_or_none()
    if found is not None:
        db.session.delete(found)
    return found is not None


def link_to_leave(base_url: str, secret_key: str, workspace_id: int, user_id: int) -> str:
    """Write the link."""
    return f"{base_url}/unsubscribe?link={_serializer(secret_key).dumps([workspace_id, user_id])}"


def read_link(secret_key: str, link: str) -> tuple[int, int] | None:
    """Give workspace and person of a link, or None when it is not one of ours."""
    try:
        workspace_id, user_id = _serializer(secret_key).loads(link)
    except (BadData, ValueError, TypeError):
        return None
    return int(workspace_id), int(user_id)


def _serializer(secret_key: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret_key, salt=_SALT)
