"""The months that events as they came are kept in: made ahead, dropped when their time is over.

Partitions belong to the installation, not to a workspace. What falls outside them goes to `usage_batch_rest`, so that
nothing is refused for want of a partition.
"""

import re
from collections.abc import Sequence
from datetime import date

import structlog
from dateutil.relativedelta import relativedelta
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from app.extensions import db

_log = structlog.get_logger()
AHEAD = 3  # months, this one included
PATIENCE = "5s"  # events queue up behind whoever waits for a lock on the whole table
_NAME = re.compile(r"usage_batch_(\d{4})_(\d{2})")
_OWN = "workspace_id = NULLIF(current_setting('app.workspace_id', true), '')::bigint"
_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended('partitions of usage_batch', 0))")


def make_ahead(today: date) -> list[str]:
    """Make the partitions of this month and the next ones where they are missing. Gives the names of those made.

    A month of which events lie in the rest already stays there: they would have to be moved.
    """
    db.session.execute(_ALONE)
    first = today.replace(day=1)
    months = [first + relativedelta(months=n) for n in range(AHEAD)]
    missing = sorted(set(months) - set(existing()))
    return [_name(month) for month in missing if _managed("made", month, _steps(month))]


def drop_before(day: date) -> list[str]:
    """Drop the partitions of months that ended before `day`. Totals, people and the ledger do not change.

    A month that somebody reads for long, such as a backup, stays until the next time.
    """
    db.session.execute(_ALONE)
    over = [month for month in existing() if month + relativedelta(months=1) <= day]
    dropped = [_name(month) for month in over if _managed("dropped", month, [f"DROP TABLE {_name(month)}"])]
    db.session.execute(
        text("DELETE FROM usage_batch_rest WHERE received_at < :day"), {"day": day}
    )  # of this workspace alone: row security holds here too
    return dropped


def existing() -> list[date]:
    """Give the months that have a partition, in order."""
    names = db.session.scalars(
        text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'usage_batch'::regclass")
    )
    found = [match for match in map(_NAME.fullmatch, names) if match]
    return sorted(date(int(match[1]), int(match[2]), 1) for match in found)


def _managed(what: str, month: date, steps: Sequence[str]) -> bool:
    """Take all steps or none."""
    try:
        with db.session.begin_nested():
            for statement in (f"SET LOCAL lock_timeout = '{PATIENCE}'", *steps, "SET LOCAL lock_timeout = 0"):
                db.session.execute(text(statement))
    except (IntegrityError, OperationalError) as error:  # events in the rest, or the lock was not to be had
        _log.warning(f"partition_not_{what}", month=str(month), error=str(error.orig))
        return False
    return True


def _steps(month: date) -> tuple[str, ...]:
    """Attaching, unlike CREATE TABLE … PARTITION OF, lets events come in meanwhile."""
    name, following = _name(month), month + relativedelta(months=1)
    return (
        f"CREATE TABLE {name} (LIKE usage_batch INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)",
        f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY own_workspace ON {name} USING ({_OWN}) WITH CHECK ({_OWN})",
        f"ALTER TABLE usage_batch ATTACH PARTITION {name} FOR VALUES FROM ('{month}') TO ('{following}')",
    )


def _name(month: date) -> str:
    return f"usage_batch_{month:%Y_%m}"
