"""Reads of renewals: ahead, behind, and what managers called."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from dateutil.relativedelta import relativedelta
from sqlalchemy import TextClause, select, text

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
    values = {"first": first, "before": before, "owner": owner_id, "limit": limit}
    return list(db.session.execute(_ahead("f.at_risk_minor DESC, f.account_id", owner_id), values))


def renewals_from(
    after: Sequence[Any] | None, first: date, before: date, limit: int, owner_id: int | None = None
) -> list[Any]:
    """Give the renewals in [first, before) by day and account, those after a (day, account), with the newest call."""
    values = {"first": first, "before": before, "owner": owner_id, "limit": limit}
    values |= {"day": after[0], "last": after[1]} if after else {}
    return list(db.session.execute(_ahead("f.renews_on, f.account_id", owner_id, _BEYOND if after else ""), values))


def _ahead(order: str, owner_id: int | None, beyond: str = "") -> TextClause:
    return text(_AHEAD.format(whose="" if owner_id is None else _OWNED, beyond=beyond, order=order))


_OWNED = """
    JOIN account_summary o ON o.workspace_id = f.workspace_id AND o.account_id = f.account_id AND o.owner_id = :owner"""
_AHEAD = """
WITH chosen AS (
    SELECT f.* FROM renewal_forecast f {whose}
    WHERE f.renews_on >= :first AND f.renews_on < :before {beyond}
    ORDER BY {order} LIMIT CAST(:limit AS bigint)
)
SELECT f.account_id, s.name, s.owner_id, s.band, s.score, s.risk, s.risk_reason, s.tier, s.plan, f.renews_on,
       f.arr_minor, f.probability, f.basis,
       c.category, c.amount_minor AS called_minor, c.reason AS call_reason, c.made_by, c.made_at
FROM chosen f
JOIN account_summary s ON s.workspace_id = f.workspace_id AND s.account_id = f.account_id
LEFT JOIN LATERAL (
    SELECT * FROM renewal_call c
    WHERE c.workspace_id = f.workspace_id AND c.account_id = f.account_id AND c.renews_on = f.renews_on
    ORDER BY made_at DESC, id DESC LIMIT 1
) c ON true
ORDER BY {order}
"""
_BEYOND = "AND (f.renews_on, f.account_id) > (CAST(:day AS date), CAST(:last AS bigint))"


def called_total(ahead: Sequence[Any], booked: int) -> int | None:
    """Sum what managers called, with the model's own figure where none did; None when nobody made a call."""
    if all(row.called_minor is None for row in ahead):
        return None
    called: int = sum(
        row.called_minor if row.called_minor is not None else round(row.arr_minor * row.probability) for row in ahead
    )
    return booked + called


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
            "SELECT coalesce(sum(accounts), 0)::bigint AS accounts, coalesce(sum(arr_minor), 0)::bigint AS arr_minor,"
            " coalesce(sum(arr_minor - at_stake_minor), 0)::bigint AS expected_minor"
            " FROM book_standing WHERE is_monthly"
        )
    ).one()
