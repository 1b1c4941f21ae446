"""The worker: takes jobs off PostgreSQL when the doorbell rings.

python -m jobs.worker
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before scikit-learn: its threads spin when cores are shared

import signal
import traceback
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from threading import Thread
from time import sleep

import structlog
from flask import Flask
from rq import Queue, SimpleWorker
from sqlalchemy.exc import OperationalError

from app import create_app
from app.core import queue, tenancy, timetable
from app.core.clock import utc_now
from app.core.queue import CancelledError, Lease, LeaseLostError
from app.extensions import db, doorbell
from app.identity.guard import forget_scope

NAMES = frozenset(path.stem for path in Path(__file__).parent.glob("*.py")) - {
    "__init__",
    "worker",
    "timetable",
    "timekeeper",
}
_log = structlog.get_logger()
_app: Flask | None = None


def run(workspace_id: int, job_id: int) -> None:
    """Claim one job and do it; whoever comes second finds nothing to claim. Called by RQ."""
    with _the_app().app_context(), tenancy.workspace(workspace_id):
        try:
            claimed = queue.claim(workspace_id, job_id)
            if claimed:
                _do(*claimed)
        finally:
            forget_scope()


def _do(lease: Lease, attempt: int) -> None:
    structlog.contextvars.bind_contextvars(job_id=lease.job_id, job=lease.name, workspace_id=lease.workspace_id)
    try:
        with lease.kept_alive():
            _function(lease.name)(lease, **lease.args)
            lease.finish()
        _log.info("job_done", attempt=attempt)
    except CancelledError:
        db.session.rollback()
        lease.cancel()
    except LeaseLostError:
        db.session.rollback()
        _log.warning("job_taken_over")
    except Exception as error:  # noqa: BLE001 - whatever a job raises is written on its row, and tried again
        db.session.rollback()
        _log.exception("job_failed", attempt=attempt)
        lease.fail(f"{type(error).__name__}: {error}\n{traceback.format_exc(limit=-4)}", attempt)
    finally:
        structlog.contextvars.clear_contextvars()


def _function(name: str) -> Callable[..., None]:
    if name not in NAMES:
        raise LookupError(f"there is no job named {name!r}")
    work: Callable[..., None] = import_module(f"jobs.{name}").run
    return work


def _the_app() -> Flask:
    global _app  # noqa: PLW0603 - one app a process, made at its first job
    _app = _app or create_app()
    return _app


def _say_alive(app: Flask) -> None:
    while True:
        try:
            with app.app_context():
                timetable.beat(f"worker-{os.getpid()}", "worker", utc_now())
        except OperationalError as error:
            _log.warning("heartbeat_missed", error=str(error.orig))
        sleep(10)


def main() -> None:
    """Work until told to stop; a job in hand is finished first."""
    app = _the_app()
    Thread(target=_say_alive, args=(app,), daemon=True).start()
    worker = SimpleWorker([Queue("perennial", connection=doorbell.redis)], connection=doorbell.redis)
    worker.worker_ttl = int(timedelta(seconds=60).total_seconds())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all: the supervisor tells us when, by SIGTERM
    worker.work(logging_level="WARNING", with_scheduler=False)


if __name__ == "__main__":
    main()
