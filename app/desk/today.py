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
        about_book=playbooks.book_tasks(of),
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
    return list(db.session.execute(text(_OWED), {"owner": owner_id}))


_OWED = """
WITH waiting AS (
    SELECT workspace_id, account_id, name, owed_since, arr_minor FROM account_summary
    WHERE owed_since IS NOT NULL AND (CAST(:owner AS bigint) IS NULL OR owner_id = :owner) ORDER BY owed_since LIMIT 8
)
SELECT w.account_id, w.name, w.owed_since, w.arr_minor, i.channel, i.subject, i.body, c.name AS person
FROM waiting w
JOIN LATERAL (
    SELECT * FROM interaction i WHERE i.workspace_id = w.workspace_id AND i.account_id = w.account_id
      AND i.happened_at = w.owed_since AND i.direction = 'in' LIMIT 1
) i ON true
LEFT JOIN contact c ON c.workspace_id = i.workspace_id AND c.id = i.contact_id
ORDER BY w.owed_since
"""


def _unplanned(owner_id: int | None, today: date) -> list[Any]:
    """Give the accounts that stand badly and for which nothing is planned, those with most revenue at risk first."""
    values = {"owner": owner_id, "viewer": current_user.id, "today": today}
    return list(db.session.execute(text(_UNPLANNED), values))


_IN_BAND = """
(SELECT s.account_id, s.name, s.band, s.score, s.risk, s.risk_reason, s.arr_minor, s.renews_on, s.at_stake_minor
 FROM account_summary s WHERE s.band = '{band}' AND s.arr_minor > 0
   AND (CAST(:owner AS bigint) IS NULL OR s.owner_id = :owner)
   AND NOT EXISTS (SELECT FROM task t WHERE t.workspace_id = s.workspace_id AND t.account_id = s.account_id
                   AND t.is_open)
   AND NOT EXISTS (SELECT FROM snooze z WHERE z.workspace_id = s.workspace_id AND z.account_id = s.account_id
                   AND z.user_id = :viewer AND z.until > :today)
 ORDER BY s.at_stake_minor DESC LIMIT 6)"""
_UNPLANNED = (
    " UNION ALL ".join(_IN_BAND.format(band=band) for band in ("at risk", "watch"))
    + " ORDER BY at_stake_minor DESC LIMIT 6"
)


def _book(owner_id: int | None) -> Any:
    """Sum how the book stands: accounts, revenue, and how much of it stands in which band."""
    return db.session.execute(text(_STANDING), {"owner": owner_id}).one()


_STANDING = """
SELECT coalesce(sum(accounts), 0)::bigint AS accounts, coalesce(sum(arr_minor), 0)::bigint AS arr_minor,
       coalesce(sum(accounts) FILTER (WHERE band = 'at risk'), 0)::bigint AS at_risk,
       coalesce(sum(arr_minor) FILTER (WHERE band = 'at risk'), 0)::bigint AS at_risk_minor,
       coalesce(sum(accounts) FILTER (WHERE band = 'watch'), 0)::bigint AS watch,
       coalesce(sum(accounts) FILTER (WHERE band = 'unknown'), 0)::bigint AS unknown,
       coalesce(sum(at_stake_minor), 0)::bigint AS at_stake_minor, max(scored_on) AS scored_on
FROM book_standing WHERE CAST(:owner AS bigint) IS NULL OR owner_id = :owner
"""
