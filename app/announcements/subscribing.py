"""Makes and changes the subscribers of a workspace: webhooks and Slack channels."""

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.announcements.events import EVENTS
from app.announcements.models import Subscriber
from app.core import outbound, tenancy
from app.core.outbound import TargetError
from app.core.problems import NotFoundError
from app.extensions import db
from app.identity.refusals import Refusal

BOTH_SIGN_FOR = timedelta(days=1)
_SIGN, _BYTES = "whsec_", 32


@dataclass(frozen=True)
class Draft:
    """A subscriber as a form gives it; shares are of 1."""

    kind: str
    name: str
    url: str
    types: Sequence[str]
    risk_threshold: float
    forecast_share: float


def subscribe(draft: Draft, by: int | None, now: datetime, *, allow_private: bool) -> Subscriber:
    """Make a subscriber; a webhook has its secret, which is shown once. Raises Refusal naming the field."""
    if draft.kind not in {"webhook", "slack"}:
        raise Refusal("kind", "Choose a webhook or a Slack channel.")
    secret = _new_secret() if draft.kind == "webhook" else None
    subscriber = Subscriber(kind=draft.kind, secret=secret, created_by=by, created_at=now)
    change(subscriber, draft, allow_private=allow_private)
    db.session.add(subscriber)
    db.session.flush()
    return subscriber


def change(subscriber: Subscriber, draft: Draft, *, allow_private: bool) -> None:
    """Change a subscriber, its kind excepted. Raises Refusal naming the field."""
    name, url = draft.name.strip(), draft.url.strip()
    if not name:
        raise Refusal("name", "Name what is told, so that you know later what stops when you remove it.")
    try:
        outbound.check(url, allow_private=allow_private)
    except TargetError as error:
        raise Refusal("url", str(error)) from error
    subscriber.types = types_among(draft.types)
    for field in ("risk_threshold", "forecast_share"):
        if not 0.01 <= getattr(draft, field) <= 0.99:
            raise Refusal(field, "Give a share from 1 to 99 %.")
        setattr(subscriber, field, getattr(draft, field))
    subscriber.name, subscriber.url = name[:200], url


def types_among(given: Sequence[str]) -> list[str]:
    """Give the known events among those chosen. Raises Refusal when none is left."""
    types = [code for code in EVENTS if code in given]
    if not types:
        raise Refusal("types", "Choose at least one event.")
    return types


def rotate(subscriber: Subscriber, now: datetime) -> None:
    """Give a webhook a new secret; for a day the old one signs too."""
    if subscriber.kind != "webhook":
        raise NotFoundError("secret")
    subscriber.old_secret, subscriber.old_secret_until = subscriber.secret, now + BOTH_SIGN_FOR
    subscriber.secret = _new_secret()


def switch_on(subscriber: Subscriber) -> None:
    """Tell a subscriber what happens from here on; what was dropped is sent again by hand."""
    subscriber.disabled_at = subscriber.disabled_why = None
    subscriber.failing_since = subscriber.resting_until = None
    subscriber.failures = 0


def get_subscriber(subscriber_id: int) -> Subscriber:
    """Give a webhook or Slack channel. Raises NotFoundError, for a member's letters too: they are their own."""
    found = db.session.get(Subscriber, (tenancy.workspace_id(), subscriber_id))
    if found is None or found.kind == "mail":
        raise NotFoundError("subscriber")
    return found


def _new_secret() -> str:
    return _SIGN + base64.b64encode(secrets.token_bytes(_BYTES)).decode()
