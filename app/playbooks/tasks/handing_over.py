"""Gives accounts another owner, and with them what their owner was to do there."""

from collections.abc import Sequence

from sqlalchemy import text

from app.accounts.summarising import count_book
from app.extensions import db

_TASKS = """
UPDATE task t SET owner_id = :owner FROM account a
WHERE a.workspace_id = t.workspace_id AND a.id = t.account_id AND a.id = ANY(:ids)
  AND t.is_open AND t.owner_id = a.owner_id
"""
_SUMMARIES = "UPDATE account_summary SET owner_id = :owner WHERE account_id = ANY(:ids)"
_ACCOUNTS = "UPDATE account SET owner_id = :owner, updated_at = now() WHERE id = ANY(:ids) RETURNING id"


def hand_over(account_ids: Sequence[int], owner_id: int) -> list[int]:
    """Hand over accounts and the open tasks on their old owners; others keep theirs. Gives the ids found."""
    values = {"ids": sorted(set(account_ids)), "owner": owner_id}
    db.session.execute(text(_TASKS), values)
    db.session.execute(text(_SUMMARIES), values)
    handed = sorted(db.session.scalars(text(_ACCOUNTS), values))
    count_book()
    return handed
