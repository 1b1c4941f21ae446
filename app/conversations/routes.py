"""What people write down of their own talks."""

from uuid import uuid4

from flask import Blueprint, flash, redirect, request, url_for
from flask_login import current_user
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.accounts import queries
from app.accounts.models import Contact
from app.conversations import summarising
from app.conversations.recording import record_interactions
from app.core.clock import utc_now
from app.extensions import db
from app.identity import guard
from app.identity.guard import May
from app.identity.refusals import Refusal, refuse_longer

blueprint = Blueprint("conversations", __name__, url_prefix="/accounts")

_BY_HAND = {"note": "internal", "phone": "out", "meeting": "out", "email": "out"}
_CALLED = {"phone": "call", "email": "e-mail"}
_LONGEST = 20_000


@blueprint.post("/<int:account_id>/interactions")
@guard.allow(May.WORK)
def add(account_id: int) -> Response:
    """Keep a note, a call, a meeting or an e-mail of one's own on the timeline."""
    account = queries.get_account(account_id)
    channel, body = request.form.get("channel", "note"), request.form.get("body", "").strip()
    if channel not in _BY_HAND:
        raise Refusal("channel", "Choose what it was: a note, a call, a meeting or an e-mail.")
    if not body:
        raise Refusal("body", "Write down what was said.")
    refuse_longer("body", body, _LONGEST)
    record = {
        "external_id": uuid4().hex, "account": account.external_id, "contact": _contact(account_id), "channel": channel,
        "direction": _BY_HAND[channel], "subject": None, "body": body, "happened_at": utc_now(),
        "author": current_user.name,
    }  # fmt: skip
    record_interactions("desk", [record], utc_now())
    summarising.refresh([account_id])
    guard.note("write down", f"{_CALLED.get(channel, channel)} on {account.name}", account_id)
    db.session.commit()
    flash("Kept on the timeline.", "success")
    return redirect(url_for("account.show", account_id=account_id) + "#timeline")


def _contact(account_id: int) -> str | None:
    chosen = request.form.get("contact_id", "")
    if not chosen.isdecimal():
        return None
    query = select(Contact.external_id).where(Contact.id == int(chosen), Contact.account_id == account_id)
    return db.session.execute(query).scalar_one_or_none()
