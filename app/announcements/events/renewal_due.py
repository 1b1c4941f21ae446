"""A renewal is 90, 60 or 30 days away."""

from collections.abc import Iterator
from datetime import date

from app.announcements.events.event import Data, Event, Found, Moment, account_of, rows
from app.core.http.words import counted, percent

NOTICES = (90, 60, 30)
_CODE = "renewal.due"
_QUERY = f"""
SELECT f.account_id, a.external_id, s.name, s.owner_id, f.arr_minor, f.renews_on, f.probability, f.basis, s.band,
       f.renews_on - CAST(:today AS date) AS days_left, given.notice, said.subject, said.occasion
FROM unnest(CAST(:notices AS int[])) AS given (notice)
JOIN renewal_forecast f
  ON f.renews_on BETWEEN CAST(:today AS date) + given.notice - 6 AND CAST(:today AS date) + given.notice
JOIN account_summary s ON s.workspace_id = f.workspace_id AND s.account_id = f.account_id
JOIN account a ON a.workspace_id = f.workspace_id AND a.id = f.account_id
CROSS JOIN LATERAL (
    SELECT 'account:' || f.account_id AS subject,
           to_char(f.renews_on, 'YYYY-MM-DD') || '/' || given.notice AS occasion
) said
WHERE NOT EXISTS (SELECT FROM announcement n WHERE n.workspace_id = f.workspace_id AND n.account_id = f.account_id
                  AND n.type = '{_CODE}' AND n.subject = said.subject AND n.occasion = said.occasion)
ORDER BY f.renews_on, f.account_id LIMIT :limit
"""


def _find(moment: Moment) -> Iterator[Found]:
    """Tell each notice on its day, or within the week after it when nothing ran then."""
    for row in rows(_QUERY, moment, notices=list(NOTICES)):
        data = {
            "account": account_of(row, moment),
            "renews_on": row.renews_on.isoformat(),
            "days_left": row.days_left,
            "notice_days": row.notice,
            "probability": row.probability,
            "basis": row.basis,
            "band": row.band,
            "why": f"{moment.money(row.arr_minor)} a year renews in {counted(row.days_left, 'day')};"
            f" health is {row.band}, the chance to renew {percent(row.probability, 0)}.",
        }
        yield Found(row.subject, row.occasion, data, row.account_id, row.owner_id)


def _headline(data: Data) -> str:
    day = date.fromisoformat(data["renews_on"])
    return f"{data['account']['name']}: renews in {data['days_left']} days, on {day.day} {day:%B %Y}"


RENEWAL_DUE = Event(_CODE, "A renewal is 90, 60 or 30 days away", _find, _headline, waits_for_morning=True)
