"""Managers' own calls on renewals."""

from datetime import date
from decimal import Decimal

from flask import Blueprint, flash, g, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from app.accounts import queries
from app.core.clock import utc_now
from app.core.money import to_minor
from app.core.problems import Problem
from app.core.returning import safe_next
from app.extensions import db
from app.forecast import calling
from app.identity import guard
from app.identity.guard import May

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
        raise Problem(400, "`renews_on` must be the day of the renewal, as 2026-11-21.", "renews_on") from error


def _amount() -> int:
    try:
        amount = to_minor(Decimal(request.form.get("amount", "").replace(",", "").strip()), g.workspace.currency)
    except (ArithmeticError, ValueError) as error:
        raise Problem(400, "`amount` must be a number, such as 12500 or 12,500.00.", "amount") from error
    if not 0 <= amount < 10**15:
        raise Problem(400, "`amount` must not be negative, nor beyond a trillion.", "amount")
    return amount
