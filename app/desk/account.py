"""Account: everything about one customer on one page."""

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from app.accounts import queries as accounts
from app.accounts.intake.touching import touch
from app.core import clock
from app.core.http import words
from app.core.problems import NotFoundError, Problem
from app.desk import charts, timeline
from app.desk.timeline import KINDS
from app.extensions import db
from app.forecast import queries as forecast
from app.forecast.models import CALLS
from app.health import overriding, receipts
from app.health import queries as health
from app.health.models import CorrectedScore, HealthScore
from app.health.scorecard import band_of
from app.identity import guard
from app.identity.guard import May
from app.identity.refusals import Refusal
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
        override=overriding.overrides_on([account_id], today).get(account_id),
        latest_end=today + overriding.LONGEST,
        in_words=receipts.in_words,
        risk=risk,
        model=health.find_latest_model(),
        move_models=health.move_models(),
        survival=charts.survival(risk.survival, summary.renews_on, risk.scored_on) if risk else None,
        history=charts.scores(health.score_history(account_id, today - timedelta(weeks=WEEKS))),
        meters=_meters(account_id, summary.scored_on or today),  # the day of the figures beside them
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
    asked = _day("against", day - timedelta(days=7))
    day, asked = max(day, asked), min(day, asked)
    score = health.score_on(account_id, day)
    if score is None:
        raise NotFoundError(f"score of {account.name} on {day} or before")
    against = health.score_on(account_id, asked if "against" in request.args else score.scored_on - timedelta(days=7))
    correction = health.correction_of(score)
    is_corrected = correction is not None and "corrected" in request.args
    opened = receipts.receipt_of(_corrected(score, correction) if correction and is_corrected else score)
    before = receipts.receipt_of(against) if against else None
    moved, together = receipts.change_in_print(opened, before) if before else ([], 0.0)
    return render_template(
        "desk/receipt.html",
        account=account,
        receipt=opened,
        stored=score,
        is_over=clock.elapsed(g.workspace.time_zone, score.scored_on, opened.score.computed_at) == 1,
        correction=correction,
        is_corrected=is_corrected,
        because=_because(correction.because) if correction else "",
        before=before,
        moved=moved,
        together=together,
        today=guard.today(),
        in_words=receipts.in_words,
        risk=health.risk_on(account_id, day),
    )


@blueprint.post("/<int:account_id>/override")
@guard.allow(May.WORK)
def override(account_id: int) -> Response:
    """Put one's own score in place of the computed one, for a reason and a time."""
    account, today = accounts.get_account(account_id), guard.today()
    score = health.score_on(account_id, today)
    computed = receipts.receipt_of(score).computed if score else None
    made = overriding.override(account_id, _judgement(), computed, current_user.id, today, clock.utc_now())
    guard.note("overrode the score", "account", account_id, name=account.name, score=made.score, reason=made.reason)
    touch([account_id])
    db.session.commit()
    flash(
        f"Your judgement of {account.name} counts until {made.until_on:%-d %b %Y}. It shows within seconds.", "success"
    )
    return redirect(url_for(".show", account_id=account_id))


@blueprint.post("/overrides/<int:override_id>/withdrawal")
@guard.allow(May.WORK)
def withdraw_override(override_id: int) -> Response:
    """Let the computed score stand again."""
    ended = overriding.withdraw(override_id, guard.today())
    guard.note("ended the override", "account", ended.account_id, reason=ended.reason)
    touch([ended.account_id])
    db.session.commit()
    flash("The computed score stands again, within seconds.", "success")
    return redirect(url_for(".show", account_id=ended.account_id))


@blueprint.post("/<int:account_id>/owner")
@guard.allow(May.WORK)
def give(account_id: int) -> Response:
    """Give an account another owner, with the tasks that the present one was to do there."""
    account = accounts.get_account(account_id)
    names = {str(person.id): person.name for person in accounts.members()}
    chosen = request.form.get("owner_id", "")
    if chosen not in names:
        raise Refusal("owner_id", "Choose somebody of this workspace from the list.")
    before = names.get(str(account.owner_id))
    guard.note("hand over", "account", account_id, name=account.name, to=names[chosen], before=before)
    hand_over([account_id], int(chosen))
    db.session.commit()
    flash(f"{account.name} is now looked after by {names[chosen]}.", "success")
    return redirect(url_for(".show", account_id=account_id))


def _judgement() -> overriding.Draft:
    try:
        score = float(request.form.get("score", ""))
    except ValueError:
        score = None
    try:
        until_on = date.fromisoformat(request.form.get("until_on", ""))
    except ValueError:
        until_on = None
    return overriding.Draft(score, until_on, request.form.get("reason", ""))


def _corrected(score: HealthScore, correction: CorrectedScore) -> HealthScore:
    """Give a score as it is with what is known now, to be opened like one that is stored."""
    card = receipts.receipt_of(score).card
    return HealthScore(
        account_id=score.account_id,
        scored_on=score.scored_on,
        scorecard_id=score.scorecard_id,
        band=band_of(card, correction.score, score.band),
        **{name: getattr(correction, name) for name in ("score", "coverage", "values", "before", "computed_at")},
    )


def _because(late: dict[str, Any] | None) -> str:
    """Say what came late, the largest of it."""
    if late is None:
        return "people were seen who were not known then"
    on, known_on = (date.fromisoformat(late[name]) for name in ("day", "known_on"))
    if "kind" in late:
        what = (late["what"] or "").replace("_", "-")
        return f"{_LATE_FACTS[late['kind']].format(what=what, day=words.day(on))} {words.day(known_on)}"
    quantity = late["quantity"]
    uses = f"{abs(quantity):,.10g} use{'' if abs(quantity) == 1 else 's'} ({late['meter']}) of {words.day(on)}"
    came = "came" if quantity > 0 else "was taken back" if quantity == -1 else "were taken back"
    return f"{uses} {came} on {words.day(known_on)}"


_LATE_FACTS = {
    "interaction": "a conversation ({what}) of {day} came on",
    "resolved": "that a ticket was closed on {day}, or open again, was told on",
    "invoice": "an invoice of {day} came on",
    "paid": "that an invoice was paid on {day}, or was not, was told on",
    "invoice_changed": "an invoice that counts from {day} was changed on",
    "contract": "a contract from {day} came on",
    "contract_ended": "the end of a contract, {day}, was told or changed on",
    "contact": "a person who counts since {day} was told of on",
    "contact_left": "that somebody had left on {day}, or had not, was told on",
}


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
