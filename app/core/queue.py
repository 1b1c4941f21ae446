"""The queue of record. A job is a row, written in the transaction of the change that needs it.

RQ is only the doorbell, rung after commit: flushing Valkey loses nothing. A worker claims a row with a
lease and keeps it alive by a heartbeat; the reaper offers again what was dropped. So a job may run twice
and be killed anywhere, and its last commit, which also ends the row, succeeds for one runner only.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Event, Thread
from typing import Any
from uuid import UUID, uuid4

import structlog
from redis.exceptions import RedisError
from sqlalchemy import Index, event, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core import tenancy
from app.core.tenancy import Tenant
from app.extensions import Model, db, doorbell

LEASE = timedelta(seconds=30)
HEARTBEAT_SECONDS = 8.0
RETRY_AFTER = (timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=5))
KEEP_FOR = timedelta(days=7)
KEEP_CLAIMS_FOR = timedelta(days=3)  # only the newest period of an entry can be claimed
_RUNNER = "jobs.worker.run"
_log = structlog.get_logger()


class Job(Tenant, Model):
    """One piece of work. States: ready, running, done, cancelled, dead (failed for good, kept for a person)."""

    __tablename__ = "job"
    name: Mapped[str]
    args: Mapped[dict[str, Any]] = mapped_column()
    state: Mapped[str] = mapped_column(default="ready", server_default="ready")
    unique_key: Mapped[str | None]
    run_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    offered_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    max_attempts: Mapped[int] = mapped_column(default=3, server_default="3")
    lease: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]
    cancel_asked: Mapped[bool] = mapped_column(default=False, server_default="false")
    done: Mapped[int] = mapped_column(default=0, server_default="0")
    total: Mapped[int | None]
    doing: Mapped[str | None]
    error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_job_waiting",
            "workspace_id",
            "name",
            "unique_key",
            unique=True,
            postgresql_where=text("state = 'ready'"),
        ),
        Index("ix_job_open", "run_at", postgresql_where=text("state IN ('ready', 'running')")),
        Index("ix_job_recent", "workspace_id", "created_at"),
    )

    @property
    def is_over(self) -> bool:
        return self.state in {"done", "cancelled", "dead"}


class LeaseLostError(Exception):
    """Another worker has taken the job over: this one's work must not be committed."""


class CancelledError(Exception):
    """A person has asked the job to stop."""


def defer(name: str, *, unique_key: str | None = None, run_at: datetime | None = None, **args: Any) -> int | None:
    """Write down a job within the present transaction. Gives its id, or None when the same one waits already."""
    values = {"name": name, "args": args, "unique_key": unique_key} | ({"run_at": run_at} if run_at else {})
    query = insert(Job).values(**values).on_conflict_do_nothing().returning(Job.id)
    job_id: int | None = db.session.execute(query).scalar()
    if job_id is not None and run_at is None:
        db.session.info.setdefault("to_ring", []).append((tenancy.workspace_id(), job_id))
    return job_id


def asking(name: str, unique_key: str, run_at: str, where: str) -> str:
    """Write what `defer` does as a part of another statement; `run_at` and `where` are SQL."""
    return (
        f"INSERT INTO job (name, args, unique_key, run_at) SELECT '{name}', '{{}}', '{unique_key}', {run_at}"
        f" WHERE {where} ON CONFLICT DO NOTHING"
    )


def ring_after_commit() -> None:
    """Have each committed session ring for the jobs it wrote; what cannot be rung waits for the reaper."""
    if not event.contains(Session, "after_commit", _ring_all):
        event.listen(Session, "after_commit", _ring_all)
        event.listen(Session, "after_rollback", _forget_all)


def _ring_all(session: Session) -> None:
    for workspace_id, job_id in session.info.pop("to_ring", ()):
        _ring(workspace_id, job_id)


def _forget_all(session: Session) -> None:
    session.info.pop("to_ring", None)


def _ring(workspace_id: int, job_id: int) -> None:
    try:
        doorbell.ring(_RUNNER, workspace_id, job_id)
    except RedisError as error:
        _log.warning("doorbell_silent", job_id=job_id, error=str(error))


class Lease:
    """A claimed job while it runs: says how far it is, keeps itself alive, ends the row."""

    def __init__(self, workspace_id: int, job_id: int, token: UUID, name: str, args: dict[str, Any]) -> None:
        self.workspace_id, self.job_id, self.token, self.name, self.args = workspace_id, job_id, token, name, args

    def progress(self, done: int, total: int | None, doing: str) -> None:
        """Publish how far the job is.

        Raises CancelledError when a person asked to stop, LeaseLostError when another worker took it over.
        """
        asked = self._on_the_side(
            "UPDATE job SET done = :done, total = :total, doing = :doing, lease_until = now() + :lease"
            " WHERE id = :id AND lease = :token RETURNING cancel_asked",
            {"done": done, "total": total, "doing": doing},
        )
        if asked is None:
            raise LeaseLostError(self.job_id)
        if asked:
            raise CancelledError(self.job_id)

    def finish(self) -> None:
        """End the row in the transaction of the work itself, and commit both. Raises LeaseLostError."""
        ended = db.session.execute(
            text(
                "UPDATE job SET state = 'done', finished_at = now(), lease = NULL, error = NULL,"
                " done = coalesce(total, done) WHERE id = :id AND lease = :token RETURNING id"
            ),
            {"id": self.job_id, "token": self.token},
        ).scalar()
        if ended is None:
            db.session.rollback()
            raise LeaseLostError(self.job_id)
        db.session.commit()

    def cancel(self) -> None:
        """End the row as cancelled."""
        self._on_the_side(
            "UPDATE job SET state = 'cancelled', finished_at = now(), lease = NULL WHERE id = :id AND lease = :token"
            " RETURNING id"
        )

    def fail(self, error: str, attempts: int) -> None:
        """Give the row back for another try, or bury it once its attempts are used up."""
        pause = RETRY_AFTER[min(attempts, len(RETRY_AFTER)) - 1]
        self._on_the_side(
            "UPDATE job SET state = CASE WHEN attempts >= max_attempts THEN 'dead' ELSE 'ready' END, error = :error,"
            " finished_at = CASE WHEN attempts >= max_attempts THEN now() END, lease = NULL, lease_until = NULL,"
            " run_at = now() + :pause, offered_at = NULL, unique_key = NULL"
            " WHERE id = :id AND lease = :token RETURNING id",
            {"error": error[-4000:], "pause": pause},
        )

    @contextmanager
    def kept_alive(self) -> Iterator[None]:
        """Extend the lease from a second thread while the block runs."""
        stop = Event()
        engine = db.engine
        beat = Thread(target=self._beat, args=(stop, engine), daemon=True)
        beat.start()
        try:
            yield
        finally:
            stop.set()
            beat.join()

    def _beat(self, stop: Event, engine: Any) -> None:
        while not stop.wait(HEARTBEAT_SECONDS):
            try:
                self._on_the_side(
                    "UPDATE job SET lease_until = now() + :lease WHERE id = :id AND lease = :token RETURNING id",
                    engine=engine,
                )
            except Exception as error:  # noqa: BLE001 - one beat missed, for whatever reason, must not end the others
                _log.warning("heartbeat_missed", job_id=self.job_id, error=str(error))

    def _on_the_side(self, sql: str, values: dict[str, Any] | None = None, engine: Any = None) -> Any:
        """Run one statement in a transaction of its own, so that it is seen while the work's is still open."""
        bound = {"id": self.job_id, "token": self.token, "lease": LEASE} | (values or {})
        with (engine or db.engine).begin() as connection:
            connection.execute(
                text("SELECT set_config('app.workspace_id', :workspace, true)"), {"workspace": str(self.workspace_id)}
            )
            return connection.execute(text(sql), {k: v for k, v in bound.items() if f":{k}" in sql}).scalar()


def claim(workspace_id: int, job_id: int) -> tuple[Lease, int] | None:
    """Take a job that is due and free, and commit. Gives the lease and which attempt this is."""
    token = uuid4()
    row = db.session.execute(
        text(
            "UPDATE job SET state = 'running', lease = :token, lease_until = now() + :lease, attempts = attempts + 1,"
            " started_at = now(), error = NULL"
            " WHERE id = :id AND cancel_asked = false AND attempts < max_attempts"
            " AND ((state = 'ready' AND run_at <= now()) OR (state = 'running' AND lease_until < now()))"
            " RETURNING name, args, attempts"
        ),
        {"token": token, "lease": LEASE, "id": job_id},
    ).one_or_none()
    db.session.commit()
    return None if row is None else (Lease(workspace_id, job_id, token, row.name, row.args), row.attempts)


def reap() -> int:
    """Bury or free jobs whose worker died, and ring for whatever waits unrung. Commits; gives how many were rung.

    Works under `tenancy.dispatching()`, over all workspaces.
    """
    db.session.execute(
        text(
            "UPDATE job SET state = CASE WHEN attempts >= max_attempts THEN 'dead' ELSE 'ready' END, lease = NULL,"
            " error = 'the worker was lost', offered_at = NULL, unique_key = NULL,"
            " finished_at = CASE WHEN attempts >= max_attempts THEN now() END"
            " WHERE state = 'running' AND lease_until < now()"
        )
    )
    db.session.execute(
        text("UPDATE job SET state = 'cancelled', finished_at = now() WHERE state = 'ready' AND cancel_asked")
    )
    waiting = db.session.execute(
        text(
            "WITH due AS MATERIALIZED ("
            "  SELECT workspace_id, id FROM job WHERE state = 'ready' AND run_at <= now()"
            "  AND (coalesce(offered_at, created_at) < now() - interval '15 seconds'"
            "       OR offered_at IS NULL AND run_at > created_at)"
            "  ORDER BY run_at LIMIT 1000 FOR UPDATE SKIP LOCKED)"
            " UPDATE job SET offered_at = now() FROM due"
            " WHERE (job.workspace_id, job.id) = (due.workspace_id, due.id) RETURNING job.workspace_id, job.id"
        )
    ).all()
    db.session.commit()
    for workspace_id, job_id in waiting:
        _ring(workspace_id, job_id)
    return len(waiting)


def prune(now: datetime) -> int:
    """Forget jobs that ended well long ago, and old claims of the timetable; dead jobs wait for a person."""
    gone = db.session.execute(
        text("DELETE FROM job WHERE state IN ('done', 'cancelled') AND finished_at < :before"),
        {"before": now - KEEP_FOR},
    )
    db.session.execute(text("DELETE FROM timetable_run WHERE claimed_at < :before"), {"before": now - KEEP_CLAIMS_FOR})
    return int(gone.rowcount)  # type: ignore[attr-defined]


def find_job(job_id: int) -> Job | None:
    """Give a job of the workspace in force; None once it is long over and pruned."""
    return db.session.get(Job, (tenancy.workspace_id(), job_id))


def ask_to_cancel(job_id: int) -> None:
    """Ask a waiting or running job to stop at its next step."""
    db.session.execute(
        text("UPDATE job SET cancel_asked = true WHERE id = :id AND state IN ('ready', 'running')"), {"id": job_id}
    )


def try_again(job_id: int) -> None:
    """Give a dead job a fresh set of attempts and ring for it."""
    revived = db.session.execute(
        text(
            "UPDATE job SET state = 'ready', attempts = 0, run_at = now(), finished_at = NULL, offered_at = now(),"
            " unique_key = NULL"
            " WHERE id = :id AND state IN ('dead', 'cancelled') RETURNING workspace_id, id"
        ),
        {"id": job_id},
    ).one_or_none()
    if revived:
        db.session.info.setdefault("to_ring", []).append(tuple(revived))
