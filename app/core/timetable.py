"""What is due when. Each period of each entry is claimed once a workspace, by a row; missed periods are caught up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Mapped, mapped_column

from app.core import queue, tenancy
from app.core.tenancy import TenantKey
from app.extensions import Model, db


@dataclass(frozen=True)
class Entry:
    """A job of the timetable: daily at an hour of the workspace's own day, or every so often."""

    job: str
    daily_at: int | None = None
    every: timedelta | None = None

    def period(self, now: datetime, zone: str) -> str:
        """Name the newest period that has begun: a day such as `2026-11-21`, or an instant of the grid."""
        if self.every is not None:
            seconds, step = int(now.timestamp()), int(self.every.total_seconds())
            return datetime.fromtimestamp(seconds - seconds % step, now.tzinfo).isoformat()
        local = now.astimezone(ZoneInfo(zone)) - timedelta(hours=self.daily_at or 0)
        return local.date().isoformat()


class TimetableRun(TenantKey, Model):
    """That a period of an entry has been claimed: the primary key lets it happen once."""

    __tablename__ = "timetable_run"
    job: Mapped[str] = mapped_column(primary_key=True)
    period: Mapped[str] = mapped_column(primary_key=True)
    claimed_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Heartbeat(Model):
    """That a process was alive: what readiness and the Data page look at."""

    __tablename__ = "heartbeat"
    process: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    seen_at: Mapped[datetime]


def claim_due(entries: Sequence[Entry], workspaces: Sequence[tuple[int, str]], now: datetime) -> int:
    """Write down a job for every period that has begun and is unclaimed, a commit a workspace. Gives how many.

    Only the newest period of an entry is run: a week of downtime is caught up by one run, not seven.
    """
    return sum(_claim_for(workspace_id, zone, entries, now) for workspace_id, zone in workspaces)


def beat(process: str, kind: str, now: datetime) -> None:
    """Say that a process is alive, and commit; forget processes unseen for a day."""
    db.session.execute(
        text(
            "INSERT INTO heartbeat (process, kind, seen_at) VALUES (:process, :kind, :now)"
            " ON CONFLICT (process) DO UPDATE SET seen_at = excluded.seen_at"
        ),
        {"process": process, "kind": kind, "now": now},
    )
    db.session.execute(text("DELETE FROM heartbeat WHERE seen_at < :old"), {"old": now - timedelta(days=1)})
    db.session.commit()


def _claim_for(workspace_id: int, zone: str, entries: Sequence[Entry], now: datetime) -> int:
    with tenancy.workspace(workspace_id):
        claimed = [entry for entry in entries if _is_first(entry, entry.period(now, zone))]
        for entry in claimed:
            queue.defer(entry.job, unique_key="timetable")
        db.session.commit()
    return len(claimed)


def _is_first(entry: Entry, period: str) -> bool:
    return bool(
        db.session.execute(
            text("INSERT INTO timetable_run (job, period) VALUES (:job, :period) ON CONFLICT DO NOTHING RETURNING 1"),
            {"job": entry.job, "period": period},
        ).scalar()
    )
