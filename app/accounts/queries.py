"""Reads of the book."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select, text

from app.accounts.models import Account, AccountSummary, Contact, Invoice, Segment, Subscription
from app.core import tenancy
from app.core.problems import NotFoundError
from app.extensions import db


def account_ids_by_external_id(external_ids: Iterable[str]) -> dict[str, int]:
    """Give the ids of those accounts that exist."""
    query = text(
        "SELECT external_id, a.id FROM unnest(CAST(:ids AS text[])) AS given (external_id)"
        " JOIN account a USING (external_id)"
    )
    wanted = sorted(set(external_ids))
    return {row[0]: row[1] for row in db.session.execute(query, {"ids": wanted})} if wanted else {}


def known_accounts(names: Iterable[str]) -> dict[str, int]:
    """Give the ids of those accounts that exist, by external id or by alias."""
    query = text(
        "SELECT given.name, coalesce(a.id, x.account_id) FROM unnest(CAST(:names AS text[])) AS given (name)"
        " LEFT JOIN account a ON a.external_id = given.name LEFT JOIN account_alias x ON x.alias = given.name"
        " WHERE a.id IS NOT NULL OR x.account_id IS NOT NULL"
    )
    return {row[0]: row[1] for row in db.session.execute(query, {"names": sorted(set(names))})}


def parents_from(names: Sequence[str]) -> dict[str, str]:
    """Give the parent of each of some accounts, of their parents, and so on up: external id → external id."""
    query = text(
        "WITH RECURSIVE up AS (SELECT id, parent_id FROM account WHERE external_id = ANY(:names) UNION"
        " SELECT a.id, a.parent_id FROM account a JOIN up ON a.id = up.parent_id)"
        " SELECT child.external_id, parent.external_id FROM up JOIN account child ON child.id = up.id"
        " JOIN account parent ON parent.id = up.parent_id"
    )
    return {row[0]: row[1] for row in db.session.execute(query, {"names": list(names)})}


def get_account(account_id: int) -> Account:
    """Give an account of the workspace in force. Raises NotFoundError."""
    found = db.session.get(Account, (tenancy.workspace_id(), account_id))
    if found is None:
        raise NotFoundError("account")
    return found


def get_summary(account_id: int) -> AccountSummary:
    """Give an account's summary. Raises NotFoundError."""
    found = db.session.get(AccountSummary, (tenancy.workspace_id(), account_id))
    if found is None:
        raise NotFoundError("account")
    return found


def summaries_of(account_ids: Sequence[int]) -> dict[int, AccountSummary]:
    """Give the summaries of accounts, those that exist."""
    query = select(AccountSummary).where(AccountSummary.account_id.in_(account_ids))
    return {row.account_id: row for row in db.session.scalars(query)} if account_ids else {}


def contacts_of(account_id: int) -> list[Contact]:
    """Give the people at an account: those still there first, the weighty roles first."""
    query = select(Contact).where(Contact.account_id == account_id).limit(200)
    weight = {"champion": 0, "sponsor": 1, "admin": 2}
    found = list(db.session.scalars(query))
    return sorted(found, key=lambda c: (c.left_on is not None, weight.get(c.role or "", 3), c.name))


def subscriptions_of(account_id: int) -> list[Subscription]:
    """Give an account's stretches of contract, the newest first."""
    query = select(Subscription).where(Subscription.account_id == account_id).order_by(Subscription.started_on.desc())
    return list(db.session.scalars(query.limit(200)))


def invoices_of(account_id: int) -> list[Invoice]:
    """Give an account's newest invoices."""
    query = select(Invoice).where(Invoice.account_id == account_id).order_by(Invoice.due_on.desc())
    return list(db.session.scalars(query.limit(24)))


def family_of(account: Account) -> list[Any]:
    """Give the parent and the children of an account: (id, name, arr_minor, band, relation)."""
    query = text(
        "SELECT account_id, name, arr_minor, band, 'parent' AS relation FROM account_summary WHERE account_id = :parent"
        " UNION ALL SELECT s.account_id, s.name, s.arr_minor, s.band, 'child' FROM account a"
        " JOIN account_summary s ON s.workspace_id = a.workspace_id AND s.account_id = a.id WHERE a.parent_id = :id"
    )
    return list(db.session.execute(query, {"parent": account.parent_id or 0, "id": account.id}))


def members() -> list[Any]:
    """Give the people of the workspace: (id, name, email, role)."""
    # The filter is needed: one's own places elsewhere are visible too.
    query = text(
        'SELECT u.id, u.name, u.email, m.role FROM membership m JOIN "user" u ON u.id = m.user_id'
        " WHERE m.workspace_id = :workspace ORDER BY u.name, u.id"
    )
    return list(db.session.execute(query, {"workspace": tenancy.workspace_id()}))


def find_member(email: str) -> int | None:
    """Give the number of a person of the workspace by e-mail."""
    numbers = {person.email.lower(): person.id for person in members()}
    return numbers.get(email.lower())


def number_of(person: str | None) -> int | None:
    """Give the number of a person asked for by number or e-mail: 0, which nobody has, where there is no such person."""
    if person is None:
        return None
    return int(person) if person.isdecimal() else find_member(person) or 0


def segments() -> list[Segment]:
    """Give the saved filters, by name."""
    return list(db.session.scalars(select(Segment).order_by(Segment.name)))
