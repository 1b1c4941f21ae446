"""Tells a machine who it is."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import g, request

from app.core.clock import utc_now
from app.core.problems import Problem
from app.core.rest.api import blueprint_of, reads
from app.core.tenancy import workspace_id
from app.extensions import db
from app.identity import guard, schemas
from app.identity.models import ApiKey, Workspace

blueprint = blueprint_of("identity", __name__, "Key", "Who a key is and what it may do.")
ANY_KEY = "any key"


def allow_any_key(view: Callable[..., Any]) -> Callable[..., Any]:
    """Let machines in with whatever scope their key has."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        presented = request.authorization.token if request.authorization else request.headers.get("X-Api-Key")
        key = guard.find_key(presented or "", utc_now())
        if key is None:
            raise Problem(401, "The API key is missing, unknown or revoked.", "bad_key")
        g.workspace = db.session.get_one(Workspace, key.workspace_id)
        g.key_id, g.key_name = key.id, f"key {key.name}"
        return view(*args, **kwargs)

    guarded.guard = ANY_KEY  # type: ignore[attr-defined]
    return guarded


@blueprint.get("/me", responses={200: schemas.Me})
@allow_any_key
@reads
def show_me() -> schemas.Me:
    """Say who the key is

    The workspace it opens, its name and its scopes: the first call to make.
    """
    key = db.session.get_one(ApiKey, (workspace_id(), g.key_id))
    place = {name: getattr(g.workspace, name) for name in ("id", "name", "currency", "time_zone")}
    return schemas.Me(
        workspace=schemas.WorkspaceShown(**place, today=guard.today()), key=schemas.KeyShown.model_validate(key)
    )
