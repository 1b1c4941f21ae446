"""The timeline of an account: what was said, done, scored, paid and owed, in one line of time."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import text

from app.core.paging import read_cursor, write_cursor
from app.extensions import db

LENGTH = 20
KINDS = {
    "talk": "Conversations", "notes": "Notes", "tasks": "Tasks", "score": "Score changes", "revenue": "Revenue",
    "invoices": "Invoices",
}  # fmt: skip


class Stretch(NamedTuple):
    """Some of the timeline, the newest first, and the cursor of what is earlier."""

    rows: list[Any]
    earlier: str | None


def stretch(account_id: int, kinds: Sequence[str], before: str | None, now: datetime) -> Stretch:
    """Give the newest rows of some `KINDS`, or those earlier than a cursor. Raises Problem(400) on a false cursor."""
    at, kind, row_id = read_cursor(before, 3) if before else ((now + timedelta(days=1)).isoformat(), "", 0)
    values = {"account": account_id, "now": now, "at": at, "kind": kind, "id": row_id, "size": LENGTH + 1}
    query = " UNION ALL ".join(f"({_EARLIER.format(source=_SOURCES[kind])})" for kind in kinds)
    newest = text(f"SELECT * FROM ({query}) said ORDER BY at DESC, kind DESC, id DESC LIMIT :size")
    rows = list(db.session.execute(newest, values))
    more = len(rows) > LENGTH
    rows = rows[:LENGTH]
    return Stretch(rows, write_cursor(rows[-1].at.isoformat(), rows[-1].kind, rows[-1].id) if more else None)


_EARLIER = """
SELECT * FROM ({source}) source
WHERE (at, kind, id) < (CAST(:at AS timestamptz), CAST(:kind AS text), CAST(:id AS bigint))
ORDER BY at DESC, kind DESC, id DESC LIMIT :size"""
_SAID = """
SELECT '{kind}' AS kind, i.id, i.happened_at AS at, i.channel AS what, i.direction, coalesce(c.name, i.author) AS who,
       i.subject AS title, i.body AS words, i.sentiment AS figure, i.sentiment_why AS extra, i.priority, i.satisfaction,
       i.reach
FROM interaction i LEFT JOIN contact c ON c.workspace_id = i.workspace_id AND c.id = i.contact_id
WHERE i.account_id = :account AND i.channel {which} 'note'"""
_UNSAID = "NULL::jsonb AS extra, NULL AS priority, NULL::float8 AS satisfaction, NULL::bigint AS reach"
_SOURCES = {
    "talk": _SAID.format(kind="talk", which="<>"),
    "notes": _SAID.format(kind="notes", which="="),
    "tasks": f"""
SELECT 'tasks' AS kind, t.id, c.completed_at AS at, c.result AS what, 'out' AS direction, u.name AS who,
       t.title AS title, c.note AS words, NULL::float8 AS figure, {_UNSAID}
FROM completion c JOIN task t ON t.workspace_id = c.workspace_id AND t.id = c.task_id
LEFT JOIN "user" u ON u.id = c.completed_by
WHERE t.account_id = :account""",
    "score": f"""
SELECT 'score' AS kind, id,
       least((changed_on + time '23:59') AT TIME ZONE 'UTC', CAST(:now AS timestamptz)) AS at, to_band AS what,
       from_band AS direction, NULL AS who, why AS title, NULL AS words, to_score AS figure, {_UNSAID}
FROM health_change WHERE account_id = :account AND from_band <> to_band""",
    "revenue": f"""
SELECT 'revenue' AS kind, 0::bigint AS id, moved_on::timestamp AT TIME ZONE 'UTC' AS at, kind AS what,
       'internal' AS direction, NULL AS who, NULL AS title, NULL AS words,
       (closing_minor - opening_minor)::float8 AS figure, {_UNSAID}
FROM movement WHERE account_id = :account AND moved_on <= CAST(:now AS timestamptz)::date""",
    "invoices": f"""
SELECT 'invoices' AS kind, id, due_on::timestamp AT TIME ZONE 'UTC' AS at,
       CASE WHEN paid_on IS NULL THEN 'unpaid' ELSE 'late' END AS what, 'internal' AS direction, NULL AS who,
       external_id AS title, paid_on::text AS words, amount_minor::float8 AS figure, {_UNSAID}
FROM invoice WHERE account_id = :account AND due_on <= CAST(:now AS timestamptz)::date
  AND (paid_on IS NULL OR paid_on > due_on + 3)""",
}
