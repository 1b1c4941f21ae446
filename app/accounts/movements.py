"""The ledger of recurring revenue: what each account's ARR did on each day (numbers.md §1). A trial pays nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text

from app.extensions import db

KINDS = ("new", "reactivation", "expansion", "contraction", "churn")

_REBUILD = """
WITH steps AS (
    SELECT account_id, started_on AS day, arr_minor AS delta FROM subscription
    WHERE arr_minor > 0 AND NOT is_trial AND (ended_on IS NULL OR ended_on > started_on) {which}
    UNION ALL
    SELECT account_id, ended_on, -arr_minor FROM subscription
    WHERE arr_minor > 0 AND NOT is_trial AND ended_on > started_on {which}
), days AS (
    SELECT account_id, day, sum(delta)::bigint AS delta FROM steps GROUP BY account_id, day HAVING sum(delta) <> 0
), runs AS (
    SELECT account_id, day, delta, (sum(delta) OVER account)::bigint AS closing, row_number() OVER account AS nth
    FROM days WINDOW account AS (PARTITION BY account_id ORDER BY day)
)
INSERT INTO movement (account_id, moved_on, kind, opening_minor, closing_minor)
SELECT account_id, day,
       CASE WHEN nth = 1 THEN 'new' WHEN closing = delta THEN 'reactivation' WHEN closing = 0 THEN 'churn'
            WHEN delta > 0 THEN 'expansion' ELSE 'contraction' END,
       closing - delta, closing
FROM runs ORDER BY account_id, day
"""
_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended('movement ' || current_setting('app.workspace_id'), 0))")


@dataclass(frozen=True)
class Bridge:
    """A period's movements, in minor units; `is_exact` is the identity every chart of them must keep."""

    opening: int
    new: int
    reactivation: int
    expansion: int
    contraction: int
    churn: int
    closing: int

    @property
    def is_exact(self) -> bool:
        gained = self.new + self.reactivation + self.expansion
        return self.opening + gained - self.contraction - self.churn == self.closing


def rebuild(account_ids: Sequence[int] | None = None) -> None:
    """Derive the movements of some accounts (or all) anew from their subscriptions, one writer a workspace."""
    db.session.execute(_ALONE)
    which = "" if account_ids is None else "AND account_id = ANY(:ids)"
    ids = {} if account_ids is None else {"ids": list(account_ids)}
    db.session.execute(text("DELETE FROM movement WHERE true " + which), ids)
    db.session.execute(text(_REBUILD.format(which=which)), ids)


def bridge(first: date, last: date) -> Bridge:
    """Sum the book's movements from the end of the day before `first` to the end of `last`.

    Opening and closing are read from the subscriptions that ran on those days, not from the ledger, so that
    the identity proves it.
    """
    sums: dict[str, int] = dict(
        db.session.execute(
            text(
                "SELECT kind, sum(abs(closing_minor - opening_minor))::bigint FROM movement"
                " WHERE moved_on BETWEEN :first AND :last GROUP BY kind"
            ),
            {"first": first, "last": last},
        ).all()
    )
    opening, closing = db.session.execute(_STANDING, {"first": first, "last": last}).one()
    return Bridge(opening=opening, closing=closing, **{kind: sums.get(kind, 0) for kind in KINDS})


# Both days in one look at what was paid for in the period; each half is read along `ix_subscription_paid` alone.
_PAID = "FROM subscription WHERE NOT is_trial AND ended_on IS DISTINCT FROM started_on AND started_on <= :last"
_STANDING = text(f"""
SELECT coalesce(sum(opening), 0)::bigint, coalesce(sum(closing), 0)::bigint FROM (
    SELECT sum(arr_minor) FILTER (WHERE started_on < :first) AS opening, sum(arr_minor) AS closing
    {_PAID} AND ended_on IS NULL
    UNION ALL
    SELECT sum(arr_minor) FILTER (WHERE started_on < :first), sum(arr_minor) FILTER (WHERE ended_on > :last)
    {_PAID} AND ended_on >= :first
) halves
""")
