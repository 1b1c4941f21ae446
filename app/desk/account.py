"""Account: everything about one customer on one page."""

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.accounts import queries as accounts
from app.core import clock
from app.core.problems import NotFoundError, Problem
from app.desk import charts, timeline
from app.desk.timeline import KINDS
from app.extensions import db
from app.forecast import queries as forecast
from app.forecast.models import CALLS
from app.health import queries as health
from app.health import receipts
from app.identity import guard
from app.identity.guard import May
from app.playbooks import queries as playbooks
from app.playbooks.tasks.handing_over import hand_over
from app.usage.history import usage_history

blueprint = Blueprint("account", __name__, template_folder="templates", url_prefix="/accounts")

WEEKS = 26


@blueprint.get("/<int:account_id>")
@guard.allow(May.READ)
def show(account_id: int) -> str:
    """Show an account, or with HX-Request only the next stretch of its timeline."""
    account = accounts.get_account(account_id)
    kinds = [kind for kind in request.args.get("show", "").split(",") if kind in KINDS] or list(KINDS)
    stretch = timeline.stretch(account_id, kinds, request.args.get("before"), clock.utc_now())
    if request.headers.get("HX-Request"):
        return render_template("desk/timeline.html", account=account, stretch=stretch, kinds=kinds)
    today = guard.today()
    score, risk = health.score_on(account_id, today), health.risk_on(account_id, today)
    receipt = receipts.receipt_of(score) if score else None
    earlier = health.score_on(account_id, score.scored_on - timedelta(days=7)) if score else None
    summary = accounts.get_summary(account_id)
    return render_template(
        "desk/account.html",
        account=account,
        summary=summary,
        people={person.id: person.name for person in accounts.members()},
        receipt=receipt,
        earlier=earlier,
        moved=receipts.difference(receipt, receipts.receipt_of(earlier)) if receipt and earlier else [],
        in_words=receipts.in_words,
        risk=risk,
        model=health.find_latest_model(),
        move_models=health.move_models(),
        survival=charts.survival(risk.survival, summary.renews_on, risk.scored_on) if risk else None,
        history=charts.scores(health.score_history(account_id, today - timedelta(weeks=WEEKS))),
        meters=_meters(account_id, today),
        stretch=stretch,
        kinds=kinds,
        all_kinds=KINDS,
        contacts=accounts.contacts_of(account_id),
        subscriptions=accounts.subscriptions_of(account_id),
        invoices=accounts.invoices_of(account_id),
        family=accounts.family_of(account),
        tasks=playbooks.tasks_of(account_id, today),
        enrolments=playbooks.enrolments_of(account_id),
        calls=forecast.calls_on(account_id),
        categories=CALLS,
        today=today,
    )


@blueprint.get("/<int:account_id>/receipt")
@guard.allow(May.READ)
def receipt(account_id: int) -> str:
    """Show the whole receipt of an account's score on a day, beside that of an earlier day."""
    account = accounts.get_account(account_id)
    day = _day("day", guard.today())
    score = health.score_on(account_id, day)
    if score is None:
        raise NotFoundError(f"score of {account.name} on {day} or before")
    against = health.score_on(account_id, _day("against", score.scored_on - timedelta(days=7)))
    opened = receipts.receipt_of(score)
    before = receipts.receipt_of(against) if against else None
    return render_template(
        "desk/receipt.html",
        account=account,
        receipt=opened,
        before=before,
        moved=receipts.difference(opened, before) if before else [],
        in_words=receipts.in_words,
        risk=health.risk_on(account_id, day),
    )


@blueprint.post("/<int:account_id>/owner")
@guard.allow(May.WORK)
def give(account_id: int) -> Response:
    """Give an account another owner, with the tasks that the present one was to do there."""
    account = accounts.get_account(account_id)
    names = {str(person.id): person.name for person in accounts.members()}
    chosen = request.form.get("owner_id", "")
    if chosen not in names:
        raise Problem(400, "`owner_id` must be a member of this workspace: choose one from the list.", "owner_id")
    before = names.get(str(account.owner_id))
    guard.note("hand over", "account", account_id, name=account.name, to=names[chosen], before=before)
    hand_over([account_id], int(chosen))
    db.session.commit()
    flash(f"{account.name} is now looked after by {names[chosen]}.", "success")
    return redirect(url_for(".show", account_id=account_id))


def _day(name: str, otherwise: date) -> date:
    try:
        return date.fromisoformat(request.args[name]) if name in request.args else otherwise
    except ValueError as error:
        raise Problem(400, f"`{name}` is not a day: write it as 2026-11-21.", "bad_day") from error


def _meters(account_id: int, today: date) -> list[dict[str, Any]]:
    """Give each meter's weekly sums, its last 28 days and the 28 before."""
    history = usage_history([account_id], today - timedelta(days=7 * WEEKS + 31), today)
    days = history.totals[0, :, -7 * WEEKS :]
    if not days.size:
        return []
    weeks = days.reshape(days.shape[0], WEEKS, 7).sum(axis=2)
    rows = zip(history.meters, weeks.tolist(), days[:, -28:].sum(axis=1), days[:, -56:-28].sum(axis=1), strict=True)
    return [
        {"name": name.replace("_", " "), "weeks": sums, "now": float(now), "before": float(before)}
        for name, sums, now, before in rows
        if any(sums)
    ]
