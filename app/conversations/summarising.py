"""Keeps the conversation columns of the summary: the last touch, and since when an answer is owed."""

from collections.abc import Sequence

from sqlalchemy import text

from app.accounts.intake.touching import touch
from app.extensions import db


def refresh(account_ids: Sequence[int] | None) -> None:
    """Bring the summaries' last touch and unanswered word up to date, and have the accounts scored again.

    The whole book (None) is scored by whoever refreshes it.
    """
    if account_ids is None:
        db.session.execute(text(_REFRESH.format(which="")))
        return
    values = {"ids": list(account_ids)}
    db.session.execute(text(_REFRESH.format(which="AND account_id = ANY(:ids)")), values)
    touch(account_ids)


_REFRESH = """
WITH heard AS MATERIALIZED (
    SELECT account_id, max(happened_at) FILTER (WHERE direction <> 'internal') AS touched_at,
           max(happened_at) FILTER (WHERE direction = 'out') AS replied_at
    FROM interaction WHERE true {which} GROUP BY account_id
), owed AS MATERIALIZED (
    SELECT i.account_id, min(i.happened_at) AS since FROM interaction i JOIN heard USING (account_id)
    WHERE i.direction = 'in' AND i.channel IN ('email', 'chat', 'ticket', 'in_app', 'social', 'community')
      AND i.resolved_at IS NULL AND i.happened_at > now() - interval '14 days'
      AND i.happened_at > coalesce(heard.replied_at, '-infinity')
    GROUP BY i.account_id
), said AS MATERIALIZED (
    SELECT account_id, touched_at, since FROM heard LEFT JOIN owed USING (account_id)
)
UPDATE account_summary s SET last_touch_at = said.touched_at, owed_since = said.since
FROM said
WHERE said.account_id = s.account_id AND (s.last_touch_at, s.owed_since) IS DISTINCT FROM (said.touched_at, said.since)
"""
