"""The risk of losing an account rose over a threshold.

Read from the newest risk against the three days scored before it, so that a slow creep counts like a jump; a risk that
trembles about a threshold tells once a week.
"""

from collections.abc import Iterator

from app.announcements.events.event import Data, Event, Found, Moment, account_of, rows, shortened
from app.core.http.words import percent

_CODE = "risk.threshold_crossed"
_QUERY = f"""
SELECT s.account_id, a.external_id, s.name, s.owner_id, s.arr_minor, s.risk, s.risk_reason, s.scored_on, s.band,
       before.risk_90 AS old_risk, before.scored_on AS old_on, asked.threshold, said.subject,
       asked.threshold || '/' || to_char(s.scored_on, 'YYYY-MM-DD') AS occasion
FROM unnest(CAST(:thresholds AS float8[])) AS asked (threshold)
JOIN account_summary s ON coalesce(s.risk, -1) >= asked.threshold AND s.scored_on >= :since
JOIN account a ON a.workspace_id = s.workspace_id AND a.id = s.account_id
JOIN LATERAL (
    SELECT risk_90, scored_on FROM (
        SELECT c.risk_90, c.scored_on FROM churn_score c
        WHERE c.workspace_id = s.workspace_id AND c.account_id = s.account_id AND c.scored_on < s.scored_on
        ORDER BY c.scored_on DESC LIMIT 3
    ) earlier WHERE risk_90 < asked.threshold ORDER BY scored_on DESC LIMIT 1
) before ON true
CROSS JOIN LATERAL (SELECT 'account:' || s.account_id AS subject) said
WHERE NOT EXISTS (SELECT FROM announcement n WHERE n.workspace_id = s.workspace_id AND n.account_id = s.account_id
                  AND n.type = '{_CODE}' AND n.subject = said.subject AND n.occasion LIKE asked.threshold || '/%'
                  AND n.occurred_at > CAST(:now AS timestamptz) - interval '7 days')
ORDER BY s.account_id, asked.threshold LIMIT :limit
"""


def _find(moment: Moment) -> Iterator[Found]:
    for row in rows(_QUERY, moment, thresholds=list(moment.thresholds)):
        data = {
            "account": account_of(row, moment),
            "threshold": row.threshold,
            "old": {"risk": row.old_risk, "scored_on": row.old_on.isoformat()},
            "new": {"risk": row.risk, "scored_on": row.scored_on.isoformat()},
            "band": row.band,
            "why": shortened(row.risk_reason or "No single reason stands out."),
        }
        yield Found(row.subject, row.occasion, data, row.account_id, row.owner_id)


def _headline(data: Data) -> str:
    risk, threshold = percent(data["new"]["risk"]), percent(data["threshold"])
    return f"{data['account']['name']}: risk of leaving within 90 days rose to {risk}, over {threshold}"


RISK_CROSSED = Event(_CODE, "Risk rises over a threshold", _find, _headline)
