"""Makes one person's days of use of two, when it is told that both are one."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import text

from app.extensions import db


def merge_people(aliases: Mapping[str, str], known_on: date) -> None:
    """Move the days noted under each alias to the id that counts; a day of both stays one day.

    Until the day before `known_on` they were known as two.
    """
    for alias, person in sorted(aliases.items()):
        db.session.execute(text(_MERGE), {"alias": alias, "person": person, "known_on": known_on})


_MERGE = """
WITH gone AS (
    DELETE FROM user_month WHERE person = :alias
    RETURNING account_id, month, days
), late AS (
    INSERT INTO late_person (account_id, person, month, days, is_gone, known_on)
    SELECT account_id, :alias, month, days, true, :known_on FROM gone
    UNION ALL
    SELECT account_id, :person, month, gone.days & ~coalesce(u.days, 0), false, :known_on
    FROM gone LEFT JOIN (SELECT account_id, month, days FROM user_month WHERE person = :person) u
        USING (account_id, month)
    WHERE gone.days & ~coalesce(u.days, 0) <> 0
)
INSERT INTO user_month (account_id, person, month, days)
SELECT account_id, :person, month, days FROM gone ORDER BY account_id, month
ON CONFLICT (workspace_id, account_id, person, month) DO UPDATE SET days = user_month.days | excluded.days
"""
