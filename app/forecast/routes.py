"""Managers' own calls on renewals."""

from datetime import date

from flask import Blueprint, flash, g, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from app.accounts import queries
from app.core.clock import utc_now
from app.core.http.returning import safe_next
from app.core.money import read_amount, to_minor
from app.extensions import db
from app.forecast import calling
from app.identity import guard
from app.identity.guard import May
from app.identity.refusals import Refusal

blueprint = Blueprint("forecast", __name__, url_prefix="/accounts")


@blueprint.post("/<int:account_id>/calls")
@guard.allow(May.WORK)
def call(account_id: int) -> Response:
    """Keep a call beside the model's figure; earlier calls stay, to be held against what happened."""
    account = queries.get_account(account_id)
    category, reason = request.form.get("category", ""), request.form.get("reason", "").strip()
    amount = 0 if category == "lost" else _amount()
    made = calling.call(account_id, _renewal(), category, amount, reason, current_user.id, utc_now())
    guard.note(
        "call",
        f"renewal of {account.name}",
        account_id,
        category=category,
        amount_minor=made.amount_minor,
        reason=reason,
    )
    db.session.commit()
    flash(f"Your call on {account.name} is kept beside the model's.", "success")
    return redirect(safe_next(request.form.get("next"), url_for("account.show", account_id=account_id) + "#call"))


def _renewal() -> date:
    try:
        return date.fromisoformat(request.form.get("renews_on", ""))
    except ValueError as error:
        raise Refusal("renews_on", "The day of the renewal is not known: reload the page.") from error


def _amount() -> int:
    try:
        return to_minor(read_amount(request.form.get("amount", ""), g.workspace.currency), g.workspace.currency)
    except ValueError as error:
        raise Refusal("amount", str(error)) from error
