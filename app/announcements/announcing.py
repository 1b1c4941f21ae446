"""Announces what happened: each occasion once, however often this runs or is killed."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text

from app.announcements.addressing import address
from app.announcements.events import EVENTS, Found, Moment
from app.announcements.models import RISK_THRESHOLD
from app.core.bulk.upserting import as_json
from app.core.clock import day_in
from app.extensions import db
from app.identity.models import Workspace

MORNING = 6  # o'clock in the workspace's zone: before the day's letter is written
KEEP_FOR = timedelta(days=30)
"""Longer than anything is looked for again, so that nothing forgotten is announced anew."""

_INSERT = """
INSERT INTO announcement (type, subject, occasion, account_id, owner_id, occurred_at, data)
SELECT type, subject, occasion, account_id, owner_id, :now, data
FROM json_to_recordset(CAST(:rows AS json)) AS r
    (type text, subject text, occasion text, account_id bigint, owner_id bigint, data jsonb)
ORDER BY type, length(subject), subject, occasion
ON CONFLICT DO NOTHING RETURNING id
"""


def announce(workspace: Workspace, now: datetime, base_url: str) -> int:
    """Write down what happened and is untold, and a delivery for everyone who wants to know. Gives how many are new.

    A book that is read as of an old day is silent: what it holds happened long ago.
    """
    if workspace.book_day is not None:
        return 0
    today = day_in(workspace.time_zone, now)
    moment = Moment(now, today, workspace.currency, base_url, _thresholds())
    is_morning = now.astimezone(ZoneInfo(workspace.time_zone)).hour >= MORNING
    due = [event for event in EVENTS.values() if is_morning or not event.waits_for_morning]
    new = [number for event in due for number in write_down(event.code, event.find(moment), now)]
    address(new, now, workspace.time_zone)
    return len(new)


def write_down(code: str, found: Iterable[Found], now: datetime) -> list[int]:
    """Write announcements of one type; gives the ids of those that were not there yet."""
    rows = [_row(code, each) for each in found]
    return list(db.session.scalars(text(_INSERT), {"rows": as_json(rows), "now": now})) if rows else []


def forget_old(now: datetime) -> int:
    """Forget announcements, their deliveries and the entries of calendars that are long over. Gives how many."""
    db.session.execute(
        text("DELETE FROM calendar_entry WHERE changed_at < :before"), {"before": now - timedelta(days=800)}
    )
    gone = db.session.execute(text("DELETE FROM announcement WHERE occurred_at < :before"), {"before": now - KEEP_FOR})
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _row(code: str, found: Found) -> dict[str, Any]:
    return {
        "type": code,
        "subject": found.subject,
        "occasion": found.occasion,
        "account_id": found.account_id,
        "owner_id": found.owner_id,
        "data": found.data,
    }


def _thresholds() -> tuple[float, ...]:
    """Give every risk that somebody asked to be told of, and the usual one."""
    asked = db.session.scalars(text("SELECT DISTINCT risk_threshold FROM subscriber WHERE disabled_at IS NULL"))
    return tuple(sorted({RISK_THRESHOLD, *asked}))
