"""A machine with a key, in a workspace with the five accounts of cast.py."""

from collections.abc import Callable
from typing import Any

import pytest

from app.core import tenancy
from app.extensions import db
from app.identity.guard import SCOPES
from app.identity.keys import make_key
from app.usage.ingesting import ensure_meters
from tests.cast import Accounts, Cast, book_of


@pytest.fixture
def accounts(cast: Cast) -> Accounts:
    """The five accounts, and a workspace that is read as of today by the wall clock."""
    made = book_of(cast)
    ensure_meters(["logins", "exports"])
    db.session.commit()
    return made


@pytest.fixture
def key(cast: Cast) -> str:
    """A key with every scope."""
    _, shown = make_key("warehouse", list(SCOPES), cast.admin.id)
    db.session.commit()
    return shown


@pytest.fixture
def their_key(cast: Cast) -> str:
    """A key of another workspace, with every scope there."""
    with tenancy.workspace(cast.elsewhere.id):
        _, shown = make_key("theirs", list(SCOPES), cast.outsider.id)
    db.session.commit()
    return shown


@pytest.fixture
def ask(client: Any, key: str) -> Callable[..., Any]:
    """Ask below /api/v1 with a key: `ask("GET", "/accounts", json=…)`."""

    def send(method: str, path: str, *, secret: str = key, headers: Any = None, **kwargs: Any) -> Any:
        headers = {"Authorization": f"Bearer {secret}"} | (headers or {})
        return client.open(f"/api/v1{path}", method=method, headers=headers, **kwargs)

    return send
