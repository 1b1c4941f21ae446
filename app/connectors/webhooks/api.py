"""POST /hooks/<provider>/<address>: where other systems post; and replaying what they posted, by key."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify, request

from app.connectors.webhooks import queries, receiving
from app.connectors.webhooks.models import WebhookSource
from app.connectors.webhooks.provider import BadSignatureError
from app.core import tenancy
from app.core.clock import utc_now
from app.core.problems import NotFoundError, Problem
from app.core.tenancy import Scope
from app.extensions import csrf, db, limiter

blueprint = Blueprint("hooks", __name__)
csrf.exempt(blueprint)

MOST_BYTES = 1024 * 1024


def allow_signed(view: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a view as one that lets in who can sign: the view itself asks the provider's rules."""
    view.guard = "signature"  # type: ignore[attr-defined]
    return view


@blueprint.url_value_preprocessor
def speak_json(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Machines that accept anything shall get problems as JSON, not as pages."""
    request.environ["HTTP_ACCEPT"] = "application/problem+json"


@blueprint.post("/hooks/<provider>/<address>")
@allow_signed
@limiter.limit("6000/minute", key_func=lambda: f"hook:{(request.view_args or {}).get('address')}")
def receive(provider: str, address: str) -> Response:
    """Keep a message that is signed as its source wants it; 200 for a new one as for a repeat."""
    request.max_content_length = MOST_BYTES
    now, source = utc_now(), _find_source(provider, address)
    if source.disabled_at is not None:
        raise Problem(403, "This webhook is disabled. Enable it under Data → Webhooks, then send again.", "disabled")
    body = request.get_data(cache=False, parse_form_data=False)
    try:
        received = receiving.receive(source, request.headers, body, now)
    except BadSignatureError as error:
        db.session.rollback()
        receiving.note_refused(source, str(error), now)
        db.session.commit()
        raise Problem(401, str(error), "bad_signature") from error
    db.session.commit()
    return jsonify(received=True, delivery=received.delivery_id, repeat=received.is_repeat)


def _find_source(provider: str, address: str) -> WebhookSource:
    """Find the source behind `<workspace>-<token>` and put its workspace in force."""
    number, _, token = address.partition("-")
    if not number.isascii() or not number.isdecimal() or len(number) > 18:
        raise NotFoundError("webhook")
    tenancy.enter(Scope(workspace_id=int(number)))
    found = queries.find_source(provider, token)
    if found is None:
        tenancy.enter(Scope())
        raise NotFoundError("webhook")
    return found
