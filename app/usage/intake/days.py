"""Tells whether events all happened on one day of a workspace."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache

from app.core.bulk.upserting import run_raw
from app.core.clock import day_in


def day_of_all(moments: Sequence[datetime], zone: str) -> date | None:
    """Give the day in `zone` that all moments (aware) lie on; None where there are several, or none at all."""
    if not moments:
        return None
    first, last = min(moments), max(moments)
    day = day_in(zone, first)
    begins, ends = _bounds(day, zone)
    return day if begins <= first and last < ends else None


@lru_cache(maxsize=4_096)
def _bounds(day: date, zone: str) -> tuple[datetime, datetime]:
    """Ask PostgreSQL, which tells the days of all else: its zones may be of another year than Python's."""
    begins, ends = run_raw(
        "SELECT $1::date::timestamp AT TIME ZONE $2, ($1::date + 1)::timestamp AT TIME ZONE $2", [day, zone]
    )
    return begins, ends
