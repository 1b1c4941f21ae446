"""Keeps the accounts' own columns of the summary: who, what they pay, when it renews."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import TextClause, text

from app.accounts.spanning import listed
from app.extensions import db

_MONTHS_PAST = (
    "((EXTRACT(year FROM :today) - EXTRACT(year FROM s.renews_on)) * 12"
    " + EXTRACT(month FROM :today) - EXTRACT(month FROM s.renews_on)"
    " + (EXTRACT(day FROM :today) > EXTRACT(day FROM s.renews_on))::int)"
)
NEXT_RENEWAL = f"""
CASE WHEN s.term_months IS NULL OR s.term_months < 2 THEN NULL
     WHEN s.renews_on >= :today THEN s.renews_on
     ELSE (s.renews_on + make_interval(months => (s.term_months * ceil({_MONTHS_PAST} / s.term_months))::int))::date
END"""

_COLUMNS = ("name", "owner_id", "stage", "tier", "plan", "seats", "arr_minor", "renews_on", "term_months", "ends_on")
_NAMED, _NEW, _OLD = (", ".join(f"{of}{name}" for name in _COLUMNS) for of in ("", "excluded.", "account_summary."))
# Beside its stage stands the one an account had: most keep theirs, and need no second look.
_REFRESH = f"""
WITH derived AS (
SELECT a.id AS account_id, a.name, a.owner_id, a.stage AS former_stage,
       CASE WHEN first_paid_on IS NULL THEN 'prospect' WHEN coalesce(arr, 0) = 0 THEN 'former'
            WHEN first_paid_on > :today - 90 THEN 'onboarding' WHEN first_paid_on > :today - 365 THEN 'adopting'
            ELSE 'established' END AS stage,
       a.tier, plan, seats, coalesce(arr, 0) AS arr_minor, renews_on, term_months,
       CASE WHEN ends_on IS NOT NULL
            AND NOT EXISTS (SELECT FROM subscription n WHERE n.workspace_id = a.workspace_id AND n.account_id = a.id
                            AND n.started_on > :today AND n.arr_minor > 0) THEN ends_on END AS ends_on
FROM account a
LEFT JOIN (
    SELECT workspace_id, account_id,
           min(started_on) FILTER (WHERE arr_minor > 0 AND NOT is_trial) AS first_paid_on,
           sum(arr_minor) FILTER (WHERE runs AND NOT is_trial) AS arr,
           sum(seats) FILTER (WHERE runs) AS seats,
           min(next) FILTER (WHERE runs AND NOT is_trial) AS renews_on,
           max(term_months) FILTER (WHERE runs AND NOT is_trial) AS term_months,
           CASE WHEN bool_and(ended_on IS NOT NULL) FILTER (WHERE runs)
                THEN max(ended_on) FILTER (WHERE runs) END AS ends_on,
           (array_agg(plan ORDER BY is_trial, arr_minor DESC, started_on DESC) FILTER (WHERE runs))[1] AS plan
    FROM (SELECT s.*, {NEXT_RENEWAL} AS next,
                 s.started_on <= :today AND (s.ended_on IS NULL OR s.ended_on > :today) AS runs
          FROM subscription s WHERE s.started_on <= :today {{which_subscription}}) s
    GROUP BY workspace_id, account_id
) s ON s.workspace_id = a.workspace_id AND s.account_id = a.id
WHERE true {{which}}
ORDER BY a.id
), written AS (
INSERT INTO account_summary (account_id, {_NAMED}) SELECT account_id, {_NAMED} FROM derived
ON CONFLICT (workspace_id, account_id) DO UPDATE SET ({_NAMED}) = ROW({_NEW})
WHERE ({_OLD}) IS DISTINCT FROM ({_NEW})
)
UPDATE account a SET stage = derived.stage FROM derived
WHERE a.id = derived.account_id AND derived.stage <> derived.former_stage
"""


def _refreshing(which: str = "", which_subscription: str = "") -> TextClause:
    statement = _REFRESH.format(which=which, which_subscription=which_subscription)
    return text(statement.replace(":today", "CAST(:today AS date)"))


_REFRESH_ALL = _refreshing()
_REFRESH_SOME = _refreshing("AND a.id = ANY(CAST(:ids AS bigint[]))", "AND s.account_id = ANY(CAST(:ids AS bigint[]))")
_REFRESH_ONE = _refreshing("AND a.id = :id", "AND s.account_id = :id")  # which need not be planned anew each time


def count_book() -> None:
    """Count anew how the whole book stands, by owner, band and kind of contract."""
    db.session.execute(text("DELETE FROM book_standing"))
    db.session.execute(text(_COUNT))


_COUNT = """
INSERT INTO book_standing (owner_id, band, is_monthly, accounts, arr_minor, at_stake_minor, scored_on)
SELECT coalesce(owner_id, 0), band, renews_on IS NULL, count(*), sum(arr_minor),
       coalesce(sum(at_stake_minor) FILTER (WHERE risk IS NOT NULL), 0), max(scored_on)
FROM account_summary WHERE arr_minor > 0 GROUP BY 1, 2, 3
"""


def refresh(account_ids: Sequence[int] | None, today: date) -> None:
    """Bring the summaries of some accounts (or all) up to `today`; the stage of the account follows."""
    if account_ids is None:
        db.session.execute(_REFRESH_ALL, {"today": today})
    elif len(account_ids) == 1:
        db.session.execute(_REFRESH_ONE, {"today": today, "id": account_ids[0]})
    else:
        db.session.execute(_REFRESH_SOME, {"today": today, "ids": listed(account_ids)})
