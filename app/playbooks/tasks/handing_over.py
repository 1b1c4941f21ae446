"""Gives accounts another owner, and with them what that owner was to do there."""

from collections.abc import Sequence

from sqlalchemy import text

from app.accounts import portfolio
from app.extensions import db


def hand_over(account_ids: Sequence[int], owner_id: int) -> None:
    """Hand over accounts and the open tasks that their present owners hold; tasks given to somebody else stay theirs."""
    db.session.execute(
        text(
            "UPDATE task t SET owner_id = :owner FROM account a"
            " WHERE a.workspace_id = t.workspace_id AND a.id = t.account_id AND t.account_id = ANY(:ids)"
            " AND t.is_open AND t.owner_id IS NOT DISTINCT FROM a.owner_id"
        ),
        {"ids": list(account_ids), "owner": owner_id},
    )
    portfolio.hand_over(account_ids, owner_id)
