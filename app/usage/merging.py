"""Makes one person's days of use of two, when it is told that both are one."""

from collections.abc import Mapping

from sqlalchemy import text

from app.extensions import db


def merge_people(aliases: Mapping[str, str]) -> None:
    """Move the days noted under each alias to the id that counts; a day of both stays one day."""
    for alias, person in sorted(aliases.items()):
        db.session.execute(text(_MERGE), {"alias": alias, "person": person})


_MERGE = """
WITH gone AS (
    DELETE FROM user_month WHERE person = :alias
    RETURNING account_id, month, days
)
INSERT INTO user_month (account_id, person, month, days)
SELECT account_id, :person, month, days FROM gone ORDER BY account_id, month
ON CONFLICT (workspace_id, account_id, person, month) DO UPDATE SET days = user_month.days | excluded.days
"""
