"""Reads of renewals: ahead, behind, and what managers called."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from dateutil.relativedelta import relativedelta
from sqlalchemy import select, text

from app.extensions import db
from app.forecast.models import ForecastSnapshot, RenewalCall


def quarter_of(day: date, ahead: int = 0) -> date:
    """Give the first day of the quarter of `day`, or of one `ahead` quarters later."""
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1) + relativedelta(months=3 * ahead)


def quarter_after(quarter: date) -> date:
    """Give the first day of the next quarter."""
    return quarter + relativedelta(months=3)


def renewals_ahead(first: date, before: date, limit: int | None = None, owner_id: int | None = None) -> list[Any]:
    """Give the renewals in [first, before) with the newest call on each, those with most at stake first."""
    query = text(_AHEAD + (" LIMIT :limit" if limit else ""))
    values = {"first": first, "before": before, "owner": owner_id} | ({"limit": limit} if limit else {})
    return list(db.session.execute(query, values))


_AHEAD = """
SELECT f.account_id, s.name, s.owner_id, s.band, s.score, s.risk, s.risk_reason, s.tier, s.plan,
       f.renews_on, f.arr_minor, f.probability, f.basis,
       c.category, c.amount_minor AS called_minor, c.reason AS call_reason, c.made_by, c.made_at
FROM renewal_forecast f
JOIN account_summary s ON s.workspace_id = f.workspace_id AND s.account_id = f.account_id
LEFT JOIN LATERAL (
    SELECT * FROM renewal_call c
    WHERE c.workspace_id = f.workspace_id AND c.account_id = f.account_id AND c.renews_on = f.renews_on
    ORDER BY made_at DESC, id DESC LIMIT 1
) c ON true
WHERE f.renews_on >= :first AND f.renews_on < :before AND (CAST(:owner AS bigint) IS NULL OR s.owner_id = :owner)
ORDER BY f.arr_minor * (1 - f.probability) DESC, f.account_id
"""


def called_total(ahead: Sequence[Any], booked: int) -> int | None:
    """Sum what managers called, with the model's own figure where none did; None when nobody made a call."""
    if all(row.called_minor is None for row in ahead):
        return None
    return booked + sum(
        row.called_minor if row.called_minor is not None else round(row.arr_minor * row.probability) for row in ahead
    )


def snapshots(quarter: date, limit: int = 120) -> list[ForecastSnapshot]:
    """Give the snapshots of a quarter, the oldest first."""
    query = (
        select(ForecastSnapshot).where(ForecastSnapshot.quarter == quarter).order_by(ForecastSnapshot.taken_on.desc())
    )
    return list(reversed(list(db.session.scalars(query.limit(limit)))))


def calls_on(account_id: int) -> list[RenewalCall]:
    """Give the calls ever made on an account's renewals, the newest first."""
    query = select(RenewalCall).where(RenewalCall.account_id == account_id).order_by(RenewalCall.made_at.desc())
    return list(db.session.scalars(query.limit(20)))


def monthly_book() -> Any:
    """Give how many accounts renew every month, what they pay, and what of it is expected to be there in 90 days."""
    return db.session.execute(
        text(
            "SELECT count(*) AS accounts, coalesce(sum(arr_minor), 0)::bigint AS arr_minor,"
            " coalesce(sum(arr_minor * (1 - risk)), 0)::bigint AS expected_minor"
            " FROM account_summary WHERE arr_minor > 0 AND renews_on IS NULL"
        )
    ).one()
