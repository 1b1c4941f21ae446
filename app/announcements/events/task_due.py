"""A task is due."""

from collections.abc import Iterator
from datetime import date, timedelta

from app.announcements.events.event import Data, Event, Found, Moment, account_of, rows, shortened

LATE = timedelta(days=6)
_CODE = "task.due"
_QUERY = f"""
SELECT t.id, t.title, t.advice, t.due_on, p.name AS playbook, u.name AS owner,
       coalesce(t.owner_id, s.owner_id) AS owner_id, t.account_id,
       a.external_id, s.name, s.arr_minor, s.risk_reason, said.subject, said.occasion
FROM task t
JOIN account_summary s ON s.workspace_id = t.workspace_id AND s.account_id = t.account_id
JOIN account a ON a.workspace_id = t.workspace_id AND a.id = t.account_id
LEFT JOIN playbook p ON p.workspace_id = t.workspace_id AND p.id = t.playbook_id
LEFT JOIN "user" u ON u.id = coalesce(t.owner_id, s.owner_id)
CROSS JOIN LATERAL (SELECT 'task:' || t.id AS subject, to_char(t.due_on, 'YYYY-MM-DD') AS occasion) said
WHERE t.is_open AND t.due_on BETWEEN :first AND :today
  AND NOT EXISTS (SELECT FROM announcement n WHERE n.workspace_id = t.workspace_id AND n.account_id = t.account_id
                  AND n.type = '{_CODE}' AND n.subject = said.subject AND n.occasion = said.occasion)
ORDER BY t.due_on, t.id LIMIT :limit
"""


def _find(moment: Moment) -> Iterator[Found]:
    """Tell a task on its day; one planned for a day gone by at most a week late."""
    for row in rows(_QUERY, moment, first=moment.today - LATE):
        data = {
            "account": account_of(row, moment),
            "task": {
                "id": row.id,
                "title": shortened(row.title),
                "due_on": row.due_on.isoformat(),
                "owner": row.owner,
                "playbook": row.playbook,
            },
            "why": shortened(row.advice or row.risk_reason or "It was planned for this day."),
        }
        yield Found(row.subject, row.occasion, data, row.account_id, row.owner_id)


def _headline(data: Data) -> str:
    day = date.fromisoformat(data["task"]["due_on"])
    return f"{data['account']['name']}: “{data['task']['title']}” is due on {day.day} {day:%B}"


TASK_DUE = Event(_CODE, "A task is due", _find, _headline, waits_for_morning=True)
