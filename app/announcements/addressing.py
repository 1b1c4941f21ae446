"""Addresses announcements: a delivery for each subscriber that wants to know."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import text

from app.extensions import db

LETTER_HOUR = 7  # o'clock in the workspace's zone, for those who want one letter a day

_ADDRESS = """
INSERT INTO delivery (subscriber_id, announcement_id, next_attempt_at, created_at)
SELECT s.id, n.id, CASE WHEN s.pace = 'daily' THEN CAST(:morning AS timestamptz) ELSE :now END, :now
FROM announcement n
JOIN subscriber s ON s.workspace_id = n.workspace_id AND s.disabled_at IS NULL AND n.type = ANY(s.types)
WHERE n.id = ANY(:ids)
  AND (n.type <> 'risk.threshold_crossed' OR CAST(n.data ->> 'threshold' AS float8) = s.risk_threshold)
  AND (n.type <> 'forecast.changed' OR abs(CAST(n.data ->> 'change_share' AS float8)) > s.forecast_share)
  AND (s.kind <> 'mail' OR s.whole_book OR n.owner_id = s.user_id)
ORDER BY s.id, n.id
ON CONFLICT DO NOTHING
"""
_DUE = """
SELECT id FROM subscriber s
WHERE disabled_at IS NULL AND (resting_until IS NULL OR resting_until <= :now)
  AND EXISTS (SELECT FROM delivery d WHERE d.workspace_id = s.workspace_id AND d.subscriber_id = s.id
              AND d.state = 'waiting' AND d.next_attempt_at <= :now)
ORDER BY id
"""


def address(announcement_ids: Sequence[int], now: datetime, time_zone: str) -> None:
    """Write a delivery for every subscriber to whom one of the announcements matters."""
    values = {"ids": list(announcement_ids), "now": now, "morning": next_letter(now, time_zone)}
    db.session.execute(text(_ADDRESS), values)


def next_letter(now: datetime, time_zone: str) -> datetime:
    """Give when the next daily letter is written."""
    local = now.astimezone(ZoneInfo(time_zone))
    today = datetime.combine(local.date(), time(LETTER_HOUR), local.tzinfo)
    return (
        today if local < today else datetime.combine(local.date() + timedelta(days=1), time(LETTER_HOUR), local.tzinfo)
    )


def due_subscribers(now: datetime) -> list[int]:
    """Give the subscribers for whom something is due."""
    return list(db.session.scalars(text(_DUE), {"now": now}))
