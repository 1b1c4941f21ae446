"""Accounts whose facts changed: noted by whoever changes them, claimed for scoring."""

from collections.abc import Iterable

from sqlalchemy import text

from app.extensions import db


def claim_touched(most: int) -> list[int]:
    """Take up to `most` touched accounts, the longest waiting first; what rolls back stays touched."""
    query = text(
        "DELETE FROM touched_account WHERE account_id IN ("
        " SELECT account_id FROM touched_account ORDER BY touched_at LIMIT :most FOR UPDATE SKIP LOCKED)"
        " RETURNING account_id"
    )
    return sorted(db.session.scalars(query, {"most": most}))


def touch(account_ids: Iterable[int]) -> None:
    """Have accounts scored again, because what is known of them changed."""
    query = text(
        "INSERT INTO touched_account (account_id) SELECT id FROM account WHERE id = ANY(:ids) ORDER BY id"
        " ON CONFLICT (workspace_id, account_id) DO NOTHING"
    )
    db.session.execute(query, {"ids": sorted(account_ids)})
