"""Accounts whose facts changed, claimed for scoring."""

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
