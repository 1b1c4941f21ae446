"""Held: what machines sent that cannot be used yet, why, and what to do about it."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import or_, select
from werkzeug.wrappers import Response

from app.accounts import summarising
from app.accounts.intake import introducing, naming, recording
from app.accounts.models import Account
from app.connectors import replaying
from app.core import clock
from app.core.http import words
from app.core.problems import Problem
from app.extensions import db
from app.identity import guard
from app.identity.guard import May
from app.usage.intake import holding
from app.usage.intake.ingesting import ensure_meters

blueprint = Blueprint("held", __name__, template_folder="../templates", url_prefix="/data/held")


@blueprint.get("")
@guard.allow(May.READ)
def show() -> str:
    """List what is held by reason; of a chosen one, the newest examples."""
    reason, value = request.args.get("reason"), request.args.get("value", "")
    chosen = (reason, value) if reason in holding.REASONS else None
    return render_template(
        "desk/held.html",
        groups=holding.open_groups(),
        chosen=chosen,
        examples=holding.open_records(*chosen) if chosen else [],
        rules=naming.rules(),
    )


@blueprint.post("/match")
@guard.allow(May.DATA)
def match() -> Response:
    """Have the name of an account, or the id of a person, mean an account we have; then replay."""
    reason, value = _what()
    account = _account(request.form.get("account", "").strip())
    if reason == "person":
        now = clock.utc_now()
        introducing.introduce_people([{"external_id": value, "account_id": account.id, "told_at": now}])
    else:
        introducing.match_account(value, account.id)
    guard.note("match", f"{reason} {value}", account.id, account=account.name)
    return _replayed(reason, value, f"{value} means {account.name} from now on.")


@blueprint.post("/account")
@guard.allow(May.DATA)
def make_account() -> Response:
    """Make the account that is not there, under the name it was sent by; then replay."""
    reason, value = _what()
    if reason != "account":
        raise Problem(400, "Only what names an account can be mended by making one.", "reason")
    made = recording.record_accounts([{"external_id": value, "name": value}], clock.utc_now())
    summarising.refresh(sorted(made.account_ids), guard.today())
    guard.note("make", f"account {value}")
    return _replayed(reason, value, f"The account {value} is made.")


@blueprint.post("/meter")
@guard.allow(May.DATA)
def make_meter() -> Response:
    """Make the meter that is not there; then replay."""
    reason, value = _what()
    kind = request.form.get("kind", "sum")
    if reason != "meter" or kind not in {"sum", "max"}:
        raise Problem(400, "Only what names a meter can be mended by making one.", "reason")
    ensure_meters([value], kind)
    guard.note("make", f"meter {value}")
    return _replayed(reason, value, f"The meter {value} is made.")


@blueprint.post("/rules")
@guard.allow(May.DATA)
def make_rule() -> Response:
    """Have names of a kind mean accounts, those that are held and those to come."""
    pattern, means = (request.form.get(field, "").strip() for field in ("pattern", "means"))
    naming.make_rule(pattern, means)
    found = replaying.match_by_rules()
    guard.note("make", f"rule for names like {pattern}", means=means, matched=len(found))
    db.session.commit()
    if found:
        said = words.counted(len(found), "name that is held means", "names that are held mean")
        said += f" an account now; what was held for {'it' if len(found) == 1 else 'them'} is being replayed."
    else:
        said = "It leads none of the names that are held to an account; it counts for those to come."
    flash(f"The rule is made. {said}", "success")
    return redirect(url_for(".show"))


@blueprint.post("/rules/<int:rule_id>/removal")
@guard.allow(May.DATA)
def remove_rule(rule_id: int) -> Response:
    """Match by a rule no more."""
    rule = naming.remove_rule(rule_id)
    guard.note("remove", f"rule for names like {rule.pattern}", rule_id)
    db.session.commit()
    flash("The rule is removed. Names it has matched stay matched.", "success")
    return redirect(url_for(".show"))


@blueprint.post("/replay")
@guard.allow(May.DATA)
def replay() -> Response:
    """Try once more what is held, for a reason or all of it."""
    reason = request.form.get("reason") or None
    value = request.form.get("value") if reason else None
    guard.note("replay", "held events", reason=reason, value=value)
    return _replayed(reason, value, "")


@blueprint.post("/discard")
@guard.allow(May.DATA)
def discard() -> Response:
    """Close what is held for a reason without counting it."""
    reason, value = _what()
    gone = holding.discard(reason, value, clock.utc_now())
    guard.note("discard", f"held {reason} {value}", count=gone)
    db.session.commit()
    flash(f"{words.counted(gone, 'held record is', 'held records are')} discarded.", "success")
    return redirect(url_for(".show"))


def _what() -> tuple[str, str]:
    reason, value = request.form.get("reason", ""), request.form.get("value", "")
    if reason not in holding.REASONS:
        raise Problem(400, f"`reason` must be one of {', '.join(holding.REASONS)}.", "reason")
    return reason, value


def _account(named: str) -> Account:
    """Find an account by its id of other systems, or by its name when only one has it."""
    query = select(Account).where(or_(Account.external_id == named, Account.name == named)).limit(2)
    found: list[Any] = list(db.session.scalars(query))
    exact = [account for account in found if account.external_id == named]
    if len(exact or found) != 1:
        why = "There is no account" if not found else "There are several accounts"
        raise Problem(422, f"{why} of the id or name {named!r}. Copy the id from the account's page.", "account")
    account: Account = (exact or found)[0]
    return account


def _replayed(reason: str | None, value: str | None, message: str) -> Response:
    replaying.ask_for_replay(reason, value)
    db.session.commit()
    flash(f"{message} What was held is being replayed; reload in a moment to see what is left.".strip(), "success")
    return redirect(url_for(".show"))
