"""Settles the day a book is read as of: today, or the newest day of a book whose facts are old."""

from datetime import date, datetime, timedelta

from sqlalchemy import text

from app.core.clock import day_in
from app.extensions import db
from app.identity.models import Workspace

OLD, OLD_DEMO = timedelta(days=35), timedelta(days=2)

_NEWEST = """
SELECT greatest((SELECT max(last_used_on) FROM account_summary WHERE last_used_on <= :today),
                (SELECT max(happened_at)::date FROM interaction WHERE happened_at < CAST(:today AS date) + 1),
                (SELECT max(month) FROM daily_usage WHERE month <= :today),
                (SELECT max(started_on) FROM subscription WHERE started_on <= :today),
                (SELECT max(ended_on) FROM subscription WHERE ended_on <= :today))
"""
_LAST_USE = """
SELECT max(month + n::int - 1) FROM daily_usage, unnest(totals) WITH ORDINALITY AS days (total, n)
WHERE month = (SELECT max(month) FROM daily_usage WHERE month <= :today) AND total <> 0 AND month + n::int - 1 <= :today
"""


def settle(workspace: Workspace, now: datetime) -> date:
    """Keep and give the day the workspace is read as of.

    An export of last year is read as of its newest day, and pages say so; else every account in it would have
    fallen silent.
    """
    today = day_in(workspace.time_zone, now)
    newest = db.session.execute(text(_NEWEST), {"today": today}).scalar()
    old = OLD_DEMO if workspace.is_demo else OLD
    if newest and today - newest > old:  # of usage only the month is known so far, and days are dearer to look for
        newest = max(newest, db.session.execute(text(_LAST_USE), {"today": today}).scalar() or newest)
    workspace.book_day = newest if newest and today - newest > old else None
    db.session.flush()
    return workspace.book_day or today
