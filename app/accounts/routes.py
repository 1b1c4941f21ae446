"""What people change about an account."""

from flask import Blueprint, flash, redirect, request, url_for
from werkzeug.wrappers import Response

from app.accounts import portfolio, queries
from app.core.problems import Problem
from app.extensions import db
from app.identity import guard
from app.identity.guard import May

blueprint = Blueprint("accounts", __name__, url_prefix="/accounts")


@blueprint.post("/<int:account_id>/owner")
@guard.allow(May.WORK)
def hand_over(account_id: int) -> Response:
    """Give an account another owner."""
    account = queries.get_account(account_id)
    names = {str(person.id): person.name for person in queries.members()}
    chosen = request.form.get("owner_id", "")
    if chosen not in names:
        raise Problem(400, "`owner_id` must be a member of this workspace: choose one from the list.", "owner_id")
    guard.note(
        "hand over", "account", account_id, name=account.name, to=names[chosen], before=names.get(str(account.owner_id))
    )
    portfolio.hand_over([account_id], int(chosen))
    db.session.commit()
    flash(f"{account.name} is now looked after by {names[chosen]}.", "success")
    return redirect(url_for("account.show", account_id=account_id))
