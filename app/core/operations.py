"""What machines ask of the application: is it alive, is it ready, how is it doing."""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from hmac import compare_digest
from ipaddress import ip_address
from typing import Any

import structlog
from flask import Blueprint, current_app, request
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from redis.exceptions import RedisError
from rq import Queue
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import Unauthorized

from app.core import clock, tenancy
from app.core.migrating import is_at_head
from app.extensions import db, doorbell

BREATHLESS = timedelta(seconds=60)
blueprint = Blueprint("operations", __name__)
_log = structlog.get_logger()


def for_anyone(view: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a view as open, as guard.allow_anyone does; `core` stands left of `identity` and may not import it."""
    view.guard = "anyone"  # type: ignore[attr-defined]
    return view


@blueprint.get("/livez")
@for_anyone
def livez() -> dict[str, str]:
    """Say that the process answers; ask nothing of others, for restarting us would not mend them."""
    return {"status": "alive"}


@blueprint.get("/readyz")
@blueprint.get("/healthz")
@for_anyone
def readyz() -> tuple[dict[str, Any], int]:
    """Say whether work can be done here; 503 names what stands in the way."""
    checks = {
        "database": _tried(_ask_database),
        "isolation": _tried(_ask_isolation),
        "migrations": _tried(_ask_migrations),
        "valkey": _tried(_ask_valkey),
        "worker": _tried(lambda: _ask_pulse("worker")),
        "timekeeper": _tried(lambda: _ask_pulse("timekeeper")),
    }
    failing = {name: why for name, why in checks.items() if why}
    answer = {name: why or "ok" for name, why in checks.items()}
    return {"status": "not ready" if failing else "ready", "checks": answer}, 503 if failing else 200


@blueprint.get("/metrics")
@for_anyone
def metrics() -> tuple[bytes, int, dict[str, str]]:
    """Give Prometheus the numbers of the web processes, and those of the queue, read when asked."""
    if not (_is_token_right() or _is_from_here()):
        raise Unauthorized("Set METRICS_TOKEN and send it as `Authorization: Bearer …`, or ask from this machine.")
    ours = CollectorRegistry()
    ours.register(_Rows())
    return generate_latest(_of_all_processes()) + generate_latest(ours), 200, {"Content-Type": CONTENT_TYPE_LATEST}


def _of_all_processes() -> CollectorRegistry:
    """Give what the web processes of this machine counted together, where they share a folder for it; else our own."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def _tried(ask: Callable[[], str]) -> str:
    """Give what a check finds wrong, or that it could not be made; details go to the log, not to strangers."""
    try:
        return ask()
    except (SQLAlchemyError, RedisError) as error:
        db.session.rollback()
        _log.warning("not_ready", error=str(error))
        return "does not answer"


def _ask_database() -> str:
    db.session.execute(text("SELECT 1"))
    return ""


def _ask_isolation() -> str:
    try:
        tenancy.refuse_roles_that_see_all(db.session.connection())
    except RuntimeError:
        return "the database role is not bound by row security: workspaces would not be kept apart"
    return ""


def _ask_migrations() -> str:
    return "" if is_at_head(db.session.connection()) else "the database is not at the newest shape: migrate it"


def _ask_valkey() -> str:
    doorbell.redis.ping()
    return ""


def _ask_pulse(kind: str) -> str:
    seen = db.session.execute(text("SELECT max(seen_at) FROM heartbeat WHERE kind = :kind"), {"kind": kind}).scalar()
    if seen is None:
        return "has never been seen"
    silent = clock.utc_now() - seen
    return f"silent for {silent.total_seconds():.0f} s" if silent > BREATHLESS else ""


def _is_token_right() -> bool:
    token = current_app.config["PERENNIAL"].metrics_token
    return bool(token) and compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode())


def _is_from_here() -> bool:
    """Only a direct call counts: through a proxy on this machine the whole world comes from 127.0.0.1."""
    forwarded = {"Forwarded", "X-Forwarded-For", "X-Real-Ip"} & set(request.headers.keys())
    return not forwarded and bool(request.remote_addr) and ip_address(request.remote_addr or "").is_loopback


class _Rows:
    """Reads the gauges from PostgreSQL and Valkey at each scrape."""

    def collect(self) -> Iterator[Metric]:
        """Give the state of the queue over all workspaces, without naming any."""
        with tenancy.dispatching():
            yield _gauge(
                "perennial_jobs",
                "Jobs by state",
                "state",
                "SELECT state, count(*) FROM job GROUP BY state",
            )
            yield _gauge(
                "perennial_oldest_ready_job_seconds",
                "Age of the oldest job that is due and unclaimed",
                None,
                "SELECT coalesce(extract(epoch FROM max(now() - run_at)), 0) FROM job"
                " WHERE state = 'ready' AND run_at <= now()",
            )
        yield _gauge(
            "perennial_heartbeat_age_seconds",
            "Time since the freshest sign of life",
            "kind",
            "SELECT kind, extract(epoch FROM now() - max(seen_at)) FROM heartbeat GROUP BY kind",
        )
        yield from _doorbell_gauges()


def _gauge(name: str, says: str, label: str | None, query: str) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, says, labels=[label] if label else [])
    for row in db.session.execute(text(query)):
        gauge.add_metric([str(value) for value in row[:-1]], float(row[-1]))
    return gauge


def _doorbell_gauges() -> Iterator[GaugeMetricFamily]:
    try:
        waiting: int | None = Queue("perennial", connection=doorbell.redis).count
    except RedisError:
        waiting = None
    yield GaugeMetricFamily("perennial_valkey_up", "Whether Valkey answers", value=float(waiting is not None))
    if waiting is not None:
        yield GaugeMetricFamily(
            "perennial_doorbell_waiting", "Rings that RQ has not answered yet", value=float(waiting)
        )
