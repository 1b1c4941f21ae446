"""Renewals that have fallen: what was due and what was kept, read from the contracts alone."""

from datetime import date

from sqlalchemy import text

from app.extensions import db


def renewals_due(first: date, before: date) -> list[tuple[int, int]]:
    """Give (value due, value kept) in minor units of each renewal that fell on a day in [first, before).

    Due is what the account paid on the day before, kept what it paid from that day on; monthly contracts are left out.
    """
    return [(row.due, row.kept) for row in db.session.execute(text(_DUE), {"first": first, "before": before})]


_DUE = """
WITH fell AS (
    SELECT DISTINCT s.workspace_id, s.account_id, due.day
    FROM subscription s
    CROSS JOIN LATERAL (
        SELECT ((CAST(:first AS date) - s.renews_on) / 30.4)::int AS to_first,
               ((CAST(:before AS date) - s.renews_on) / 30.4)::int AS to_before
    ) months
    CROSS JOIN LATERAL (
        SELECT (s.renews_on + make_interval(months => (s.term_months * n)::int))::date AS day
        FROM generate_series(GREATEST(0, months.to_first / NULLIF(s.term_months, 0)::int - 1),
                             LEAST(60, months.to_before / NULLIF(s.term_months, 0)::int + 1)) AS n
        WHERE s.renews_on + make_interval(months => (s.term_months * n)::int) < CAST(:before AS date)
    ) due
    WHERE s.term_months >= 2 AND s.arr_minor > 0 AND NOT s.is_trial AND s.started_on < CAST(:before AS date)
      AND (s.ended_on IS NULL OR s.ended_on >= CAST(:first AS date))
      AND due.day >= CAST(:first AS date) AND due.day > s.started_on AND (s.ended_on IS NULL OR due.day <= s.ended_on)
)
SELECT sum(s.arr_minor) FILTER (WHERE paid.before)::bigint AS due,
       coalesce(sum(s.arr_minor) FILTER (WHERE paid.after), 0)::bigint AS kept
FROM fell
JOIN subscription s ON s.workspace_id = fell.workspace_id AND s.account_id = fell.account_id
CROSS JOIN LATERAL (
    SELECT s.started_on < fell.day AND (s.ended_on IS NULL OR s.ended_on >= fell.day) AS before,
           s.started_on <= fell.day AND (s.ended_on IS NULL OR s.ended_on > fell.day) AS after
) paid
WHERE s.ended_on IS DISTINCT FROM s.started_on AND NOT s.is_trial
GROUP BY fell.account_id, fell.day
HAVING sum(s.arr_minor) FILTER (WHERE paid.before) > 0
ORDER BY fell.day, fell.account_id
"""
