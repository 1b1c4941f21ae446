"""Sources of webhooks: made with an address nobody can guess, given secrets, stopped, deleted."""

import secrets
from datetime import datetime

from sqlalchemy import func, select, text

from app.connectors.webhooks.models import WebhookSecret, WebhookSource
from app.connectors.webhooks.providers import PROVIDERS
from app.connectors.webhooks.queries import get_source
from app.core.problems import NotFoundError
from app.extensions import db
from app.identity.refusals import Refusal

MOST_SECRETS = 2
_LONGEST_NAME = 80
_LONGEST_SECRET = 4_000


def make_source(provider: str, name: str, by: int | None) -> WebhookSource:
    """Make a source, with a secret where that is ours to give. Raises Refusal naming the field."""
    name = name.strip()
    if provider not in PROVIDERS:
        raise Refusal("provider", "Choose the system that will send.")
    if not name or len(name) > _LONGEST_NAME:
        raise Refusal("name", f"Name it in up to {_LONGEST_NAME} letters, such as “Stripe, live”.")
    source = WebhookSource(provider=provider, name=name, token=secrets.token_hex(24), created_by=by)
    db.session.add(source)
    db.session.flush()
    make = PROVIDERS[provider].new_secret
    if make is not None:
        db.session.add(WebhookSecret(source_id=source.id, secret=make()))
    return source


def add_secret(source: WebhookSource, entered: str) -> WebhookSecret:
    """Take a further secret, entered or (left empty) made by us; the older one still counts. Raises Refusal."""
    provider, secret = PROVIDERS[source.provider], entered.strip()
    if not secret and provider.new_secret is not None:
        secret = provider.new_secret()
    if "\0" in secret or len(secret) > _LONGEST_SECRET or not secret:
        raise Refusal("secret", f"Paste the {provider.signs_with}, in up to {_LONGEST_SECRET:,} letters.")
    if flaw := provider.flaw_of(secret):
        raise Refusal("secret", flaw)
    db.session.refresh(source, with_for_update=True)
    count = select(func.count()).select_from(WebhookSecret).where(WebhookSecret.source_id == source.id)
    if db.session.scalars(count).one() >= MOST_SECRETS:
        raise Refusal("secret", "Two secrets are active already: remove the one that is no longer used first.")
    made = WebhookSecret(source_id=source.id, secret=secret)
    db.session.add(made)
    db.session.flush()
    return made


def remove_secret(source: WebhookSource, secret_id: int) -> None:
    """End a secret at once. Raises NotFoundError."""
    query = text("DELETE FROM webhook_secret WHERE source_id = :source AND id = :id RETURNING id")
    if db.session.scalar(query, {"source": source.id, "id": secret_id}) is None:
        raise NotFoundError("secret")


def disable(source_id: int, now: datetime) -> WebhookSource:
    """Take nothing more from a source; what came before is kept. Raises NotFoundError."""
    source = get_source(source_id)
    source.disabled_at = source.disabled_at or now
    return source


def enable(source_id: int) -> WebhookSource:
    """Take from a source again. Raises NotFoundError."""
    source = get_source(source_id)
    source.disabled_at = None
    return source


def delete(source_id: int) -> WebhookSource:
    """Delete a source with its deliveries; what they brought into the book stays. Raises NotFoundError."""
    source = get_source(source_id)
    db.session.execute(text("DELETE FROM webhook_source WHERE id = :id"), {"id": source_id})
    db.session.expunge(source)
    return source
