"""How long ago each kind of source last spoke, as it was known on the day."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import text

from app.accounts.former import as_stored
from app.extensions import db
from app.health.knowing.knowledge import LATER, Knowledge


def source_ages(knowledge: Knowledge, deadlines: Mapping[str, int]) -> dict[str, int | None]:
    """Give for each kind of source the days from its newest fact to the day; None where it is past its deadline.

    One answer for scoring today, a past day, and a past day once more: it is asked of the facts, as they were known.
    """
    newest = {
        "usage": _newest(_USED, knowledge, deadlines["usage"]),
        "conversations": _newest(_SAID, knowledge, deadlines["conversations"]),
        "invoices": _newest(_ISSUED, knowledge, deadlines["invoices"]),
    }
    ages = {name: None if day is None else (knowledge.as_of - day).days for name, day in newest.items()}
    return ages | {"contracts": 0, "contacts": 0}


def _newest(query: str, knowledge: Knowledge, within: int) -> date | None:
    tables = {table: as_stored(table, "true", knowledge.moment) for table in ("interaction", "invoice")}
    values = knowledge.values | {"within": within, "zone": knowledge.zone}
    statement = text(query.format(**tables))
    wanted: dict[str, Any] = {name: value for name, value in values.items() if f":{name}" in statement.text}
    found: date | None = db.session.execute(statement, wanted).scalar()
    return found


# The newest day first, so that a book that is alive is asked about one day. A month's row that nothing came late to
# says what was known; where something did, what came too late is taken off.
_USED = f"""
SELECT days.day FROM (SELECT CAST(:as_of AS date) - back AS day FROM generate_series(0, :within) AS back) days
WHERE EXISTS (
    SELECT FROM daily_usage u WHERE u.month = date_trunc('month', days.day)::date
    AND u.totals[date_part('day', days.day)::int] > 0 AND NOT EXISTS (
        SELECT FROM late_usage l WHERE l.account_id = u.account_id AND l.meter_id = u.meter_id AND l.day = days.day
        AND {LATER})
) OR EXISTS (
    SELECT FROM (
        SELECT account_id, meter_id, sum(quantity) AS later FROM late_usage
        WHERE day = days.day AND {LATER} GROUP BY account_id, meter_id
    ) l JOIN daily_usage u ON u.account_id = l.account_id AND u.meter_id = l.meter_id
        AND u.month = date_trunc('month', days.day)::date
    WHERE u.totals[date_part('day', days.day)::int] - later
        > 1e-12 * greatest(abs(later), abs(u.totals[date_part('day', days.day)::int]))
) LIMIT 1
"""
_SAID = """
SELECT (happened_at AT TIME ZONE :zone)::date FROM {interaction}
WHERE happened_at >= :ends - make_interval(days => :within + 1) AND happened_at < :ends
    AND recorded_at < :known_before AND direction <> 'internal'
ORDER BY happened_at DESC LIMIT 1
"""
_ISSUED = """
SELECT max(issued_on) FROM {invoice} WHERE issued_on BETWEEN CAST(:as_of AS date) - :within AND :as_of
"""
