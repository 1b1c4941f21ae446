"""Reads of the book for machines: whole rows by number, and keyset pages of everything below the accounts."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import text

from app.accounts.spanning import listed
from app.core.problems import NotFoundError
from app.extensions import db

_DESCRIBED = """
SELECT a.id, a.external_id, a.name, a.domain, a.industry, a.country, a.tier, a.stage, u.email AS owner_email,
       p.external_id AS parent, a.signed_up_on, a.custom, s.plan, s.seats, coalesce(s.arr_minor, 0) AS arr_minor,
       s.renews_on, s.term_months, s.ends_on, coalesce(s.band, 'unknown') AS band, s.score, s.coverage, s.risk,
       s.risk_reason, coalesce(s.at_stake_minor, 0) AS at_stake_minor, s.renewal_probability, s.scored_on,
       s.last_used_on, s.usage_28d, s.usage_before_28d, s.active_users_28d, s.last_touch_at, s.owed_since,
       a.created_at, a.updated_at
FROM account a
LEFT JOIN account_summary s ON s.workspace_id = a.workspace_id AND s.account_id = a.id
LEFT JOIN account p ON p.workspace_id = a.workspace_id AND p.id = a.parent_id
LEFT JOIN "user" u ON u.id = a.owner_id
WHERE a.id = """
_SOME = text(f"{_DESCRIBED} ANY(CAST(:ids AS bigint[]))")
_ONE = text(f"{_DESCRIBED} :id")  # by itself, so that PostgreSQL need not plan it anew each time


def described(account_ids: Sequence[int]) -> list[Any]:
    """Give accounts with their summaries, in the order asked; those that do not exist are left out."""
    found = {row.id: row for row in db.session.execute(_SOME, {"ids": listed(account_ids)})}
    return [found[each] for each in account_ids if each in found]


def describe(account_id: int) -> Any:
    """Give one account with its summary. Raises NotFoundError."""
    found = db.session.execute(_ONE, {"id": account_id}).one_or_none()
    if found is None:
        raise NotFoundError("account")
    return found


def contacts(after: int, limit: int, *, account_id: int | None, email: str | None) -> list[Any]:
    """Give contacts by number, those after one."""
    where = {"account_id = :account": account_id, "lower(email) = lower(:email)": email}
    return _rows("contact", where, {"account": account_id, "email": email, "after": after, "limit": limit})


def subscriptions(after: int, limit: int, *, account_id: int | None, external_id: str | None) -> list[Any]:
    """Give stretches of contracts by number, those after one."""
    where = {"account_id = :account": account_id, "external_id = :name": external_id}
    return _rows("subscription", where, {"account": account_id, "name": external_id, "after": after, "limit": limit})


def get_row(table: str, row_id: int) -> Any:
    """Give a row of a table of the book by its number. Raises NotFoundError."""
    found = db.session.execute(text(f'SELECT * FROM "{table}" WHERE id = :id'), {"id": row_id}).one_or_none()
    if found is None:
        raise NotFoundError(table)
    return found


def find_number(table: str, external_id: str) -> int | None:
    """Give the number of a row of the book by its external id."""
    query = text(f'SELECT id FROM "{table}" WHERE external_id = :name')
    found: int | None = db.session.execute(query, {"name": external_id}).scalar()
    return found


def find_running(external_id: str, before: date) -> date | None:
    """Give the start of the stretch of a contract that began before a day and has no end."""
    query = text(
        "SELECT max(started_on) FROM subscription"
        " WHERE external_id = :external_id AND started_on < :before AND ended_on IS NULL"
    )
    found: date | None = db.session.scalar(query, {"external_id": external_id, "before": before})
    return found


def find_stretch(external_id: str, started_on: date) -> Any:
    """Give a stretch of a contract by what it is known by, or None."""
    query = text("SELECT * FROM subscription WHERE external_id = :name AND started_on = :day")
    return db.session.execute(query, {"name": external_id, "day": started_on}).one_or_none()


def movements(before: Sequence[Any] | None, limit: int, **which: Any) -> list[Any]:
    """Give movements, the newest first, those before a (day, account). `which`: account_id, kind, since, until."""
    terms = {
        "account_id = :account_id": which["account_id"],
        "kind = :kind": which["kind"],
        "moved_on >= :since": which["since"],
        "moved_on <= :until": which["until"],
        "(moved_on, account_id) < (CAST(:day AS date), CAST(:last AS bigint))": before,
    }
    values = which | {"limit": limit} | ({"day": before[0], "last": before[1]} if before else {})
    query = (
        "SELECT *, abs(closing_minor - opening_minor) AS amount_minor FROM movement"
        f" WHERE {_all_of(terms)} ORDER BY moved_on DESC, account_id DESC LIMIT :limit"
    )
    return list(db.session.execute(text(query), values))


def _rows(table: str, where: Mapping[str, Any], values: Mapping[str, Any]) -> list[Any]:
    query = f'SELECT * FROM "{table}" WHERE id > :after AND {_all_of(where)} ORDER BY id LIMIT :limit'
    return list(db.session.execute(text(query), dict(values)))


def _all_of(terms: Mapping[str, Any]) -> str:
    """Join the conditions whose value was given."""
    return " AND ".join(term for term, value in terms.items() if value is not None) or "true"
