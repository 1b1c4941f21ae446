"""The few accounts whose facts show since when the sources of a book speak."""

from datetime import timedelta

from sqlalchemy import text

from app.accounts.former import as_stored
from app.core.clock import end_of_day
from app.extensions import db
from app.health.knowing.knowledge import LATER, Knowledge

LOOK_BACK_DAYS = 365  # as far as signals look


def witnesses(knowledge: Knowledge, gathered_days: int) -> set[int]:
    """Give accounts to read together with some, so that these say what they would among the whole book.

    That nobody wrote a ticket is a fact only where tickets are on record at all; to an account read alone it would
    be unknown. One account more than is needed does no harm.
    """
    first = knowledge.as_of - timedelta(days=gathered_days)
    values = knowledge.values | {
        "since": end_of_day(knowledge.zone, knowledge.as_of - timedelta(days=LOOK_BACK_DAYS)),
        "month": first.replace(day=1),
        "from_month": (knowledge.as_of - timedelta(days=LOOK_BACK_DAYS - 1)).replace(day=1),
    }
    statement = text(_WITNESSES.format(**{table: as_stored(table, "true", knowledge.moment) for table in _TABLES}))
    return set(db.session.scalars(statement, values))


_TABLES = ("interaction", "subscription")
_FIRST = """(
    SELECT account_id FROM {{interaction}} WHERE happened_at >= :since AND happened_at < :ends
    AND recorded_at < :known_before AND {which} ORDER BY happened_at LIMIT 1)"""
_WITNESSES = f"""
{_FIRST.format(which="channel = 'ticket'")}
UNION {_FIRST.format(which="channel = 'ticket' AND direction <> 'out'")}
UNION {_FIRST.format(which="(direction = 'in' OR channel = 'meeting') AND reach IS NULL")}
UNION (
    SELECT account_id FROM user_month u WHERE month BETWEEN :month AND :as_of AND days & ~coalesce((
        SELECT bit_or(l.days) FROM late_person l WHERE l.account_id = u.account_id AND l.person = u.person
        AND l.month = u.month AND NOT is_gone AND {LATER}), 0) <> 0
    ORDER BY month LIMIT 1)
UNION (
    SELECT account_id FROM late_person WHERE month BETWEEN :month AND :as_of AND is_gone AND {LATER}
    ORDER BY month LIMIT 1)
UNION (
    SELECT account_id FROM daily_usage u WHERE month BETWEEN :from_month AND :as_of
    AND meter_id NOT IN (SELECT id FROM meter WHERE code = 'errors')
    AND EXISTS (SELECT FROM unnest(totals) WITH ORDINALITY AS days (total, n)
                WHERE total > 0 AND u.month + n::int - 1 BETWEEN CAST(:as_of AS date) - {LOOK_BACK_DAYS - 1} AND :as_of)
    AND NOT EXISTS (SELECT FROM late_usage WHERE account_id = u.account_id AND {LATER})
    AND EXISTS (
        SELECT FROM {{subscription}} WHERE account_id = u.account_id AND arr_minor > 0 AND NOT is_trial
        AND started_on <= :as_of AND (ended_on IS NULL OR ended_on > :as_of OR end_known_at >= :known_before))
    ORDER BY month DESC LIMIT 1)
"""
