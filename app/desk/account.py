"""Account: everything about one customer on one page."""

from datetime import date, datetime, timedelta
from typing import Any

from flask import Blueprint, render_template, request
from sqlalchemy import text

from app.accounts import queries as accounts
from app.core import clock
from app.core.problems import NotFoundError, Problem
from app.desk import charts
from app.extensions import db
from app.forecast import queries as forecast
from app.forecast.models import CALLS
from app.health import queries as health
from app.health import receipts
from app.identity import guard
from app.identity.guard import May
from app.playbooks import queries as playbooks
from app.usage.history import usage_history

blueprint = Blueprint("account", __name__, template_folder="templates", url_prefix="/accounts")

WEEKS = 26
TIMELINE = 20
KINDS = {
    "talk": "Conversations", "notes": "Notes", "tasks": "Tasks", "score": "Score changes", "revenue": "Revenue",
    "invoices": "Invoices",
}  # fmt: skip


@blueprint.get("/<int:account_id>")
@guard.allow(May.READ)
def show(account_id: int) -> str:
    """Show an account, or with HX-Request only the next stretch of its timeline."""
    account = accounts.get_account(account_id)
    kinds = [kind for kind in request.args.get("show", "").split(",") if kind in KINDS] or list(KINDS)
    timeline = _timeline(account_id, kinds, _before())
    if request.headers.get("HX-Request"):
        return render_template("desk/timeline.html", account=account, timeline=timeline, kinds=kinds, size=TIMELINE)
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
        survival=charts.survival(risk.survival, summary.renews_on, risk.scored_on) if risk else None,
        history=charts.scores(health.score_history(account_id, today - timedelta(weeks=WEEKS))),
        meters=_meters(account_id, today),
        timeline=timeline,
        kinds=kinds,
        all_kinds=KINDS,
        size=TIMELINE,
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


def _day(name: str, otherwise: date) -> date:
    try:
        return date.fromisoformat(request.args[name]) if name in request.args else otherwise
    except ValueError as error:
        raise Problem(400, f"`{name}` is not a day: write it as 2026-11-21.", "bad_day") from error


def _before() -> datetime:
    try:
        return (
            datetime.fromisoformat(request.args["before"])
            if "before" in request.args
            else clock.utc_now() + timedelta(days=1)
        )
    except ValueError as error:
        raise Problem(400, "`before` is not an instant: take it from the page's own link.", "bad_instant") from error


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


def _timeline(account_id: int, kinds: list[str], before: datetime) -> list[Any]:
    query = " UNION ALL ".join(f"({_SOURCES[kind]} ORDER BY at DESC LIMIT :size)" for kind in kinds)
    values = {"id": account_id, "before": before, "size": TIMELINE}
    return list(db.session.execute(text(f"{query} ORDER BY at DESC LIMIT :size"), values))


_SAID = """
SELECT 'talk' AS kind, i.happened_at AS at, i.channel AS what, i.direction, coalesce(c.name, i.author) AS who, i.subject AS title,
       i.body AS words, i.sentiment AS figure, i.sentiment_why AS extra, i.priority, i.satisfaction, i.resolved_at, i.reach
FROM interaction i LEFT JOIN contact c ON c.workspace_id = i.workspace_id AND c.id = i.contact_id
WHERE i.account_id = :id AND i.happened_at < :before AND i.channel {channel} 'note'
"""
_PLAIN = "NULL::jsonb AS extra, NULL AS priority, NULL::float8 AS satisfaction, NULL::timestamptz AS resolved_at, NULL::bigint AS reach"
_SOURCES = {
    "talk": _SAID.format(channel="<>"),
    "notes": _SAID.format(channel="=").replace("'talk' AS kind", "'notes' AS kind"),
    "tasks": f"""
        SELECT 'tasks' AS kind, c.completed_at AS at, c.result AS what, 'out' AS direction, u.name AS who, t.title AS title, c.note AS words,
               NULL::float8 AS figure, {_PLAIN}
        FROM completion c JOIN task t ON t.workspace_id = c.workspace_id AND t.id = c.task_id LEFT JOIN "user" u ON u.id = c.completed_by
        WHERE t.account_id = :id AND c.completed_at < :before""",
    "score": f"""
        SELECT 'score' AS kind, (changed_on + time '23:59') AT TIME ZONE 'UTC' AS at, to_band AS what, from_band AS direction, NULL AS who,
               why AS title, NULL AS words, to_score AS figure, {_PLAIN}
        FROM health_change WHERE account_id = :id AND from_band <> to_band AND changed_on < :before""",
    "revenue": f"""
        SELECT 'revenue' AS kind, moved_on::timestamp AT TIME ZONE 'UTC' AS at, kind AS what, 'internal' AS direction, NULL AS who,
               NULL AS title, NULL AS words, (closing_minor - opening_minor)::float8 AS figure, {_PLAIN}
        FROM movement WHERE account_id = :id AND moved_on < :before AND moved_on <= current_date""",
    "invoices": f"""
        SELECT 'invoices' AS kind, due_on::timestamp AT TIME ZONE 'UTC' AS at,
               CASE WHEN paid_on IS NULL THEN 'unpaid' WHEN paid_on > due_on + 3 THEN 'late' ELSE 'paid' END AS what,
               'internal' AS direction, NULL AS who, external_id AS title, paid_on::text AS words, amount_minor::float8 AS figure, {_PLAIN}
        FROM invoice WHERE account_id = :id AND due_on < :before AND due_on <= current_date
          AND (paid_on IS NULL OR paid_on > due_on + 3)""",
}
