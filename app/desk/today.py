"""Today: who needs me now, why, and what do I do?"""

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, g, render_template, request
from flask_login import current_user
from sqlalchemy import text

from app.accounts import queries as accounts
from app.extensions import db
from app.forecast import queries as forecast
from app.health import queries as health
from app.identity import guard
from app.identity.guard import May
from app.playbooks import queries as playbooks

blueprint = Blueprint("today", __name__, template_folder="templates")

RENEWALS_AHEAD = timedelta(days=90)


@blueprint.get("/")
@guard.allow(May.READ)
def show() -> str:
    """Show the day of the person signed in, or with `?of=` of a colleague or the whole team."""
    of = _whose()
    today = guard.today()
    return render_template(
        "desk/today.html",
        of=of,
        people=[person for person in accounts.members() if person.role in {"csm", "leader", "admin"}],
        today=today,
        items=playbooks.day_items(of, today, 25, viewer_id=current_user.id),
        unplanned=_unplanned(of, today),
        owed=_replies_owed(of),
        renewals=forecast.renewals_ahead(today, today + RENEWALS_AHEAD, limit=8, owner_id=of),
        moved=health.changes_since(today - timedelta(days=1), of),
        book=_book(of),
    )


def _whose() -> int | None:
    """Give whose day is asked for: one's own for those who look after accounts, the team's for the others."""
    asked = request.args.get("of", "")
    if asked == "team":
        return None
    if asked.isdecimal():
        return int(asked)
    return current_user.id if g.role == "csm" else None


def _replies_owed(owner_id: int | None) -> list[Any]:
    query = text(
        "SELECT s.account_id, s.name, s.owed_since, s.arr_minor, i.channel, i.subject, i.body, c.name AS person"
        " FROM account_summary s JOIN LATERAL (SELECT * FROM interaction i WHERE i.workspace_id = s.workspace_id"
        "   AND i.account_id = s.account_id AND i.happened_at = s.owed_since AND i.direction = 'in' LIMIT 1) i ON true"
        " LEFT JOIN contact c ON c.workspace_id = i.workspace_id AND c.id = i.contact_id"
        " WHERE s.owed_since IS NOT NULL AND (CAST(:owner AS bigint) IS NULL OR s.owner_id = :owner)"
        " ORDER BY s.owed_since LIMIT 8"
    )
    return list(db.session.execute(query, {"owner": owner_id}))


def _unplanned(owner_id: int | None, today: date) -> list[Any]:
    """Give the accounts that stand badly and for which nothing is planned, those with most revenue at risk first."""
    query = text(
        "SELECT s.account_id, s.name, s.band, s.score, s.risk, s.risk_reason, s.arr_minor, s.renews_on, s.owner_id"
        " FROM account_summary s WHERE s.arr_minor > 0 AND s.band IN ('at risk', 'watch')"
        " AND (CAST(:owner AS bigint) IS NULL OR s.owner_id = :owner)"
        " AND NOT EXISTS (SELECT FROM task t WHERE t.workspace_id = s.workspace_id AND t.account_id = s.account_id"
        "   AND t.is_open)"
        " AND NOT EXISTS (SELECT FROM snooze z WHERE z.workspace_id = s.workspace_id AND z.account_id = s.account_id"
        "   AND z.user_id = :viewer AND z.until > :today)"
        " ORDER BY s.arr_minor * coalesce(s.risk, 1) DESC LIMIT 6"
    )
    return list(db.session.execute(query, {"owner": owner_id, "viewer": current_user.id, "today": today}))


def _book(owner_id: int | None) -> Any:
    """Sum the book in one row: accounts, revenue, and how much of it stands in which band."""
    return db.session.execute(
        text(
            "SELECT count(*) AS accounts, coalesce(sum(arr_minor), 0)::bigint AS arr_minor,"
            " count(*) FILTER (WHERE band = 'at risk') AS at_risk,"
            " coalesce(sum(arr_minor) FILTER (WHERE band = 'at risk'), 0)::bigint AS at_risk_minor,"
            " count(*) FILTER (WHERE band = 'watch') AS watch,"
            " count(*) FILTER (WHERE band = 'unknown') AS unknown,"
            " coalesce(sum(arr_minor * risk), 0)::bigint AS at_stake_minor, max(scored_on) AS scored_on"
            " FROM account_summary WHERE arr_minor > 0 AND (CAST(:owner AS bigint) IS NULL OR owner_id = :owner)"
        ),
        {"owner": owner_id},
    ).one()
