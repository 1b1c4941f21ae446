"""Keeps what stored scores would be with what is known now, where something came late to them."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import text

from app.accounts.intake.touching import touch
from app.accounts.spanning import span
from app.core.bulk.upserting import as_json
from app.extensions import db
from app.health.knowing.recomputing import Itemised, score_in_hindsight
from app.identity.models import Workspace

DAYS, AT_ONCE = 8, 500
"""Of each account the newest scored days, and of all together the newest scores: so that a round stays short."""
KEEP_FOR = timedelta(days=2)
"""How long a late fact is kept: rounds come within seconds, and a worker may stand still for a day."""


def correct_scores(workspace: Workspace, account_ids: Sequence[int], today: date) -> None:
    """Score past days of accounts once more, with all that is known, where something came late since the last time.

    Where more is due than one round does, the accounts are touched again.
    """
    if not account_ids:
        return
    which = span(sorted(account_ids))
    values = {"today": today, "days": DAYS, "most": AT_ONCE, "zone": workspace.time_zone}
    due = db.session.execute(text(_DUE.format(span=which)), values).all()
    done = 0
    for day, rows in groupby(due, key=lambda row: row.scored_on):
        because = {row.account_id: row.because for row in rows}
        again = score_in_hindsight(workspace, sorted(because), day)
        kept = [_row(account_id, itemised, because[account_id]) for account_id, itemised in again.items() if itemised]
        db.session.execute(text(_KEEP), {"day": day, "rows": as_json(kept)})
        done += len(kept)
    if done and len(due) == AT_ONCE:
        touch(account_ids)


def forget_before(moment: datetime) -> None:
    """Forget what came late before a moment: the scores it moved have been corrected."""
    db.session.execute(text("DELETE FROM late_fact WHERE stored_at < :moment"), {"moment": moment})


def _row(account_id: int, itemised: Itemised, because: Any) -> dict[str, Any]:
    return {
        "account_id": account_id, "score": itemised.score, "coverage": itemised.coverage, "values": itemised.values,
        "before": itemised.before, "because": because,
    }  # fmt: skip


_LATER = """
l.account_id = h.account_id AND l.recorded_at > coalesce(c.computed_at, CAST('-infinity' AS timestamptz))
AND (l.known_on > h.scored_on OR l.recorded_at > h.computed_at)
"""
_DUE = f"""
WITH recent AS (
    SELECT account_id FROM late_usage WHERE {{span}} AND recorded_at > clock_timestamp() - interval '1 day'
    UNION SELECT account_id FROM late_person WHERE {{span}} AND recorded_at > clock_timestamp() - interval '1 day'
    UNION SELECT account_id FROM late_fact WHERE {{span}}
), scores AS (
    SELECT h.* FROM recent CROSS JOIN LATERAL (
        SELECT account_id, scored_on, computed_at FROM health_score
        WHERE account_id = recent.account_id AND scored_on < :today ORDER BY scored_on DESC LIMIT :days) h
)
SELECT h.scored_on, h.account_id, coalesce((
    SELECT jsonb_build_object('quantity', sum(l.quantity), 'meter', m.name, 'day', l.day, 'known_on',
        CASE WHEN l.known_on > h.scored_on THEN l.known_on ELSE (max(l.recorded_at) AT TIME ZONE :zone)::date END)
    FROM late_usage l JOIN meter m ON m.workspace_id = l.workspace_id AND m.id = l.meter_id
    WHERE l.account_id = h.account_id AND l.day BETWEEN h.scored_on - 365 AND h.scored_on
    AND (l.known_on > h.scored_on OR l.recorded_at > h.computed_at)
    GROUP BY m.name, l.day, l.known_on ORDER BY abs(sum(l.quantity)) DESC, l.day DESC LIMIT 1), (
    SELECT jsonb_build_object('kind', l.kind, 'what', l.what, 'day', l.day,
        'known_on', (l.stored_at AT TIME ZONE :zone)::date)
    FROM late_fact l WHERE l.account_id = h.account_id AND l.stored_at > h.computed_at
    AND l.day <= h.scored_on ORDER BY l.day DESC, l.id DESC LIMIT 1)) AS because
FROM scores h LEFT JOIN corrected_score c USING (account_id, scored_on)
WHERE EXISTS (SELECT FROM late_usage l WHERE {_LATER} AND l.day BETWEEN h.scored_on - 365 AND h.scored_on)
   OR EXISTS (SELECT FROM late_person l WHERE {_LATER} AND l.month BETWEEN h.scored_on - 395 AND h.scored_on)
   OR EXISTS (SELECT FROM late_fact l WHERE l.account_id = h.account_id
        AND l.stored_at > greatest(h.computed_at, c.computed_at) AND l.day <= h.scored_on)
ORDER BY h.scored_on DESC, h.account_id LIMIT :most
"""
_KEEP = """
INSERT INTO corrected_score (account_id, scored_on, score, coverage, values, before, because)
SELECT account_id, :day, score, coverage, values, before, because
FROM json_to_recordset(CAST(:rows AS json)) AS r
    (account_id bigint, score float8, coverage float8, values float8[], before float8[], because jsonb)
ORDER BY account_id
ON CONFLICT (workspace_id, account_id, scored_on) DO UPDATE SET
    (score, coverage, values, before, because, computed_at)
    = (excluded.score, excluded.coverage, excluded.values, excluded.before,
       coalesce(excluded.because, corrected_score.because), excluded.computed_at)
"""
