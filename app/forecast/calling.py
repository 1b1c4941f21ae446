"""Keeps a manager's own call on a renewal beside the model's figure."""

from datetime import date, datetime

from app.accounts.models import AccountSummary
from app.core import tenancy
from app.core.money import money
from app.extensions import db
from app.forecast.models import CALLS, RenewalCall
from app.identity.models import Workspace
from app.identity.refusals import Refusal, refuse_longer

LONGEST = 1_000
"""How long a reason may be."""
_ABSURD = 10
"""A call of more than so many times the present ARR is a slip of the hand."""


def call(
    account_id: int, renews_on: date, category: str, amount_minor: int, reason: str, by: int, now: datetime
) -> RenewalCall:
    """Write a call down; earlier ones stay, to be held against what happened. Raises Refusal of a field."""
    if category not in CALLS:
        raise Refusal("category", f"Choose one of: {', '.join(CALLS)}.")
    if not reason:
        raise Refusal("reason", "Say why: it is what the call is learned from.")
    refuse_longer("reason", reason, LONGEST)
    if category != "lost":
        _refuse_absurd(account_id, amount_minor)
    made = RenewalCall(account_id=account_id, renews_on=renews_on, category=category, reason=reason)
    made.amount_minor, made.made_by, made.made_at = 0 if category == "lost" else amount_minor, by, now
    db.session.add(made)
    db.session.flush()
    return made


def _refuse_absurd(account_id: int, amount_minor: int) -> None:
    summary = db.session.get(AccountSummary, (tenancy.workspace_id(), account_id))
    if summary is None or not summary.arr_minor or amount_minor <= _ABSURD * summary.arr_minor:
        return
    due = money(summary.arr_minor, db.session.get_one(Workspace, tenancy.workspace_id()).currency)
    raise Refusal("amount", f"That is more than ten times the {due} up for renewal: check the amount.")
