"""The REST API with 100,000 accounts in the workspace: reads, accounts made one by one, accounts sent in bulk."""

import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

from flask import Flask
from sqlalchemy import text

from app.core import tenancy
from app.extensions import db, limiter
from app.identity.guard import SCOPES
from app.identity.keys import make_key
from benchmarks import book
from benchmarks.results import Result, percentile

ACCOUNTS = 100_000
ROUNDS = 60
TARGET_MS = 25.0
ONE_BY_ONE, ONE_BY_ONE_TARGET = 600, 200
BATCHES, BATCH, BULK_TARGET = 12, 1_000, 15_000

Ask = Callable[..., Any]


def measure(app: Flask) -> Iterator[Result]:
    """Ask through the WSGI application; the time is from request to answer. Limits are off, as for many keys."""
    limiter.enabled = False
    with app.app_context():
        workspace = book.large_book(ACCOUNTS)
        with tenancy.workspace(workspace.id):
            ids = list(
                db.session.scalars(text("SELECT account_id FROM account_summary WHERE arr_minor > 0 LIMIT 2000"))
            )
            _, key = make_key("benchmark", list(SCOPES), None)
            db.session.commit()
    ask = _asker(app, key)
    for name, paths in _reads([ids[n * 31 % len(ids)] for n in range(ROUNDS)]):
        yield _read(ask, name, paths)
    yield _one_by_one(ask)
    yield _bulk(ask)
    limiter.enabled = True


def _asker(app: Flask, key: str) -> Ask:
    client = app.test_client()

    def ask(method: str, path: str, **kwargs: Any) -> float:
        started = time.perf_counter()
        answer = client.open(f"/api/v1{path}", method=method, headers={"Authorization": f"Bearer {key}"}, **kwargs)
        elapsed = time.perf_counter() - started
        assert answer.status_code < 300, (path, answer.status_code, answer.text[:500])
        return elapsed

    return ask


def _reads(some: list[int]) -> Iterator[tuple[str, list[str]]]:
    yield "accounts, largest first", ["/accounts"]
    yield "accounts, 200 by risk in a band", ["/accounts?sort=-risk&band=watch&limit=200"]
    yield "accounts, searched", ["/accounts?q=ash", "/accounts?q=works", "/accounts?q=bri"]
    for name in ("", "/health", "/risk", "/scores", "/usage", "/interactions"):
        yield f"an account{name}", [f"/accounts/{each}{name}" for each in some]
    for name in (
        "contacts",
        "subscriptions",
        "movements",
        "interactions",
        "usage",
        "score-changes",
        "renewals",
        "tasks",
    ):
        yield name, [f"/{name}"]
    yield "bridge of a quarter", ["/movements/bridge?first=2026-07-01&last=2026-09-30"]
    yield "forecast", ["/forecast"]
    yield "playbooks", ["/playbooks"]


def _read(ask: Ask, name: str, paths: list[str]) -> Result:
    for path in paths[:3]:
        ask("GET", path)
    times = sorted(ask("GET", paths[n % len(paths)]) * 1000 for n in range(ROUNDS))
    p95, how = percentile(times, 95), f"median {statistics.median(times):.1f} ms, {ROUNDS} requests"
    return Result(f"API: {name}", f"p95 {p95:.1f} ms", how, f"< {TARGET_MS:.0f} ms", p95 < TARGET_MS)


def _one_by_one(ask: Ask) -> Result:
    started = time.perf_counter()
    for n in range(ONE_BY_ONE):
        ask("POST", "/accounts", json={"external_id": f"one-{n}", "name": f"Made Alone {n}", "tier": "standard"})
    rate = ONE_BY_ONE / (time.perf_counter() - started)
    how = f"{ONE_BY_ONE} requests over one connection, each with its audit and job row"
    return Result(
        "API: accounts made one by one", f"{rate:.0f}/s", how, f"≥ {ONE_BY_ONE_TARGET}/s", rate >= ONE_BY_ONE_TARGET
    )


def _bulk(ask: Ask) -> Result:
    started = time.perf_counter()
    for n in range(BATCHES):
        batch = [
            {"external_id": f"bulk-{n}-{i}", "name": f"Sent Together {n} {i}", "tier": "standard", "country": "DE"}
            for i in range(BATCH)
        ]
        ask("POST", "/accounts/bulk", json={"accounts": batch})
    rate = BATCHES * BATCH / (time.perf_counter() - started)
    how = f"{BATCHES} requests of {BATCH:,} new accounts over one connection"
    return Result("API: accounts sent in bulk", f"{rate:,.0f}/s", how, f"≥ {BULK_TARGET:,}/s", rate >= BULK_TARGET)
