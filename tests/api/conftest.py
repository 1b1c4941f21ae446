"""A machine with a key, in a workspace with a row of everything."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from app.accounts.models import AccountRule, Contact, Subscription
from app.connectors.webhooks.models import WebhookDelivery
from app.conversations.models import Interaction
from app.core import tenancy
from app.extensions import db
from app.health.models import ModelVersion
from app.identity.guard import SCOPES
from app.identity.keys import make_key
from app.identity.models import AuditEntry
from app.playbooks.models import Playbook, Task
from tests.api.seeding import seed_book
from tests.cast import Accounts, Cast


@pytest.fixture
def accounts(cast: Cast) -> Accounts:
    """The five accounts, and for the slipping one a row of everything else."""
    return seed_book(cast)


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


@pytest.fixture
def numbers(accounts: Accounts) -> dict[str, int]:
    """Numbers of rows of the workspace, by what the API calls them."""
    return {
        "account_id": accounts.slipping.id,
        "contact_id": db.session.scalars(select(Contact.id).where(Contact.account_id == accounts.slipping.id)).one(),
        "subscription_id": db.session.scalars(
            select(Subscription.id).where(Subscription.account_id == accounts.slipping.id)
        ).one(),
        "interaction_id": db.session.scalars(select(Interaction.id)).first(),
        "task_id": db.session.scalars(select(Task.id)).one(),
        "delivery_id": db.session.scalars(select(WebhookDelivery.id)).one(),
        "version_id": db.session.scalars(select(ModelVersion.id)).one(),
        "rule_id": db.session.scalars(select(AccountRule.id)).one(),
        "playbook_id": db.session.scalars(select(Playbook.id).order_by(Playbook.id)).first(),
    }


def problem(answer: Any) -> tuple[int, str, list[str]]:
    """Give status, code and the places named by a problem, having looked at its shape (RFC 9457)."""
    body = answer.json
    assert answer.mimetype == "application/problem+json"
    assert {"type", "title", "status", "detail", "instance", "request_id"} <= body.keys()
    assert (body["status"], body["request_id"]) == (answer.status_code, answer.headers["X-Request-ID"])
    places = [each.get("pointer", each.get("parameter")) for each in body.get("errors", ())]
    return answer.status_code, body.get("code", ""), places


def trail() -> list[AuditEntry]:
    """Give what was written down of who changed what."""
    return list(db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)))
