"""Writes a member's renewals and tasks as iCalendar (RFC 5545). Without a change it reads the same to the byte."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from icalendar import Calendar, Event
from sqlalchemy import text

from app.announcements.models import CalendarFeed
from app.core.bulk.upserting import as_json
from app.core.http.words import percent
from app.core.money import short_money
from app.extensions import db
from app.identity.models import Workspace

REFRESH = timedelta(hours=1)
AT_MOST = 500  # renewals, and as many tasks: the next ones

_RENEWALS = """
SELECT f.account_id, s.name, f.renews_on, f.arr_minor, f.probability, s.band, u.name AS owner
FROM renewal_forecast f
JOIN account_summary s ON s.workspace_id = f.workspace_id AND s.account_id = f.account_id
LEFT JOIN "user" u ON u.id = s.owner_id
WHERE f.renews_on >= :today {whose} ORDER BY f.renews_on, f.account_id LIMIT :limit
"""
_TASKS = """
SELECT t.id, t.account_id, s.name, t.title, t.advice, t.due_on, u.name AS owner
FROM task t
JOIN account_summary s ON s.workspace_id = t.workspace_id AND s.account_id = t.account_id
LEFT JOIN "user" u ON u.id = t.owner_id
WHERE t.is_open {whose} ORDER BY t.due_on, t.id LIMIT :limit
"""
_KEEP = """
INSERT INTO calendar_entry (uid, fingerprint, sequence, changed_at)
SELECT uid, fingerprint, 0, :now FROM json_to_recordset(CAST(:rows AS json)) AS r (uid text, fingerprint text)
ORDER BY uid
ON CONFLICT (workspace_id, uid) DO UPDATE SET (fingerprint, sequence, changed_at)
    = ROW(excluded.fingerprint, calendar_entry.sequence + 1, excluded.changed_at)
    WHERE calendar_entry.fingerprint <> excluded.fingerprint
"""


@dataclass(frozen=True)
class Entry:
    """A whole day in the calendar."""

    uid: str
    day: date
    summary: str
    description: str
    url: str
    category: str

    @property
    def fingerprint(self) -> str:
        told = (self.day.isoformat(), self.summary, self.description, self.url)
        return sha256("\0".join(told).encode()).hexdigest()


def feed(owner: CalendarFeed, workspace: Workspace, today: date, base_url: str, now: datetime) -> bytes:
    """Write a member's calendar as of a day."""
    values = {"today": today, "user": owner.user_id, "limit": AT_MOST}
    renewals = _RENEWALS.format(whose="" if owner.whole_book else "AND s.owner_id = :user")
    tasks = _TASKS.format(whose="" if owner.whole_book else "AND t.owner_id = :user")
    entries = [*_renewals(renewals, workspace, base_url, values), *_tasks(tasks, workspace, base_url, values)]
    versions = _versions(entries, now)
    calendar = _calendar(workspace.name)
    for entry in entries:
        calendar.add_component(_event(entry, *versions[entry.uid]))
    return bytes(calendar.to_ical())


def _renewals(query: str, workspace: Workspace, base_url: str, values: Mapping[str, Any]) -> Iterator[Entry]:
    for row in db.session.execute(text(query), values):
        yield Entry(
            uid=_uid(f"renewal-{row.account_id}-{row.renews_on}", workspace, base_url),
            day=row.renews_on,
            summary=f"Renewal: {row.name} ({short_money(row.arr_minor, workspace.currency)} a year)",
            description=f"Chance to renew {percent(row.probability, 0)}, health {row.band},"
            f" looked after by {row.owner or 'nobody'}.",
            url=f"{base_url}/accounts/{row.account_id}",
            category="Renewal",
        )


def _tasks(query: str, workspace: Workspace, base_url: str, values: Mapping[str, Any]) -> Iterator[Entry]:
    for row in db.session.execute(text(query), values):
        yield Entry(
            uid=_uid(f"task-{row.id}", workspace, base_url),
            day=row.due_on,
            summary=f"{row.title} ({row.name})",
            description=" ".join(filter(None, (row.advice, f"For {row.owner}." if row.owner else "For nobody yet."))),
            url=f"{base_url}/accounts/{row.account_id}",
            category="Task",
        )


def _uid(what: str, workspace: Workspace, base_url: str) -> str:
    return f"{what}-{workspace.id}@{urlsplit(base_url).hostname}"


def _versions(entries: Sequence[Entry], now: datetime) -> dict[str, tuple[int, datetime]]:
    """Give how often each entry changed and when it last did; what changed since the last reading is written down."""
    rows = as_json({"uid": entry.uid, "fingerprint": entry.fingerprint} for entry in entries)
    db.session.execute(text(_KEEP), {"rows": rows, "now": now})
    query = text("SELECT uid, sequence, changed_at FROM calendar_entry WHERE uid = ANY(:uids)")
    found = db.session.execute(query, {"uids": [entry.uid for entry in entries]})
    return {row.uid: (row.sequence, row.changed_at) for row in found}


def _calendar(name: str) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", "-//Perennial//Renewals and tasks//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("name", f"{name}: renewals and tasks")
    calendar.add("x-wr-calname", f"{name}: renewals and tasks")
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    return calendar


def _event(entry: Entry, sequence: int, changed_at: datetime) -> Event:
    event = Event()
    event.add("uid", entry.uid)
    event.add("dtstamp", changed_at)
    event.add("last-modified", changed_at)
    event.add("sequence", sequence)
    event.add("dtstart", entry.day)
    event.add("dtend", entry.day + timedelta(days=1))
    event.add("summary", entry.summary)
    event.add("description", entry.description)
    event.add("url", entry.url)
    event.add("categories", [entry.category])
    event.add("transp", "TRANSPARENT")
    return event
