"""The health of an account moved into another band."""

from collections.abc import Iterator

from app.accounts.models import BANDS
from app.announcements.events.event import Data, Event, Found, Moment, account_of, rows, shortened

_CODE = "score.band_changed"
_QUERY = f"""
SELECT c.*, a.external_id, s.name, s.owner_id, s.arr_minor, said.subject, said.occasion
FROM health_change c
JOIN account_summary s ON s.workspace_id = c.workspace_id AND s.account_id = c.account_id
JOIN account a ON a.workspace_id = c.workspace_id AND a.id = c.account_id
CROSS JOIN LATERAL (
    SELECT 'account:' || c.account_id AS subject, to_char(c.changed_on, 'YYYY-MM-DD') || '/' || c.to_band AS occasion
) said
WHERE c.changed_on >= :since AND c.from_band <> c.to_band
  AND NOT EXISTS (SELECT FROM announcement n WHERE n.workspace_id = c.workspace_id AND n.account_id = c.account_id
                  AND n.type = '{_CODE}' AND n.subject = said.subject AND n.occasion = said.occasion)
ORDER BY c.id LIMIT :limit
"""


def _find(moment: Moment) -> Iterator[Found]:
    for row in rows(_QUERY, moment):
        data = {
            "account": account_of(row, moment),
            "old": {"band": row.from_band, "score": row.from_score, "risk": row.from_risk},
            "new": {"band": row.to_band, "score": row.to_score, "risk": row.to_risk},
            "changed_on": row.changed_on.isoformat(),
            "why": shortened(row.why),
        }
        yield Found(row.subject, row.occasion, data, row.account_id, row.owner_id)


def _headline(data: Data) -> str:
    old, new = data["old"]["band"], data["new"]["band"]
    if new == "unknown":
        return f"{data['account']['name']}: health is unknown now, it was {old}"
    verb = "is" if old == "unknown" else "rose to" if BANDS.index(new) < BANDS.index(old) else "fell to"
    return f"{data['account']['name']}: health {verb} {new}, it was {old}"


BAND_CHANGED = Event(_CODE, "Health moves into another band", _find, _headline)
