"""The REST API with 100,000 accounts in the workspace: reads, accounts made one by one, accounts sent in bulk."""

import json
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flask import Flask
from sqlalchemy import text

from app.core import tenancy
from app.extensions import db, limiter
from app.identity.guard import SCOPES
from app.identity.keys import make_key
from benchmarks import book
from benchmarks.ingest import web
from benchmarks.results import Result, percentile
from benchmarks.sending import Sent, post, send

ACCOUNTS = 100_000
ROUNDS = 60
TARGET_MS = 25.0
CONNECTIONS, TRIES = 4, 3
ONE_BY_ONE, ONE_BY_ONE_TARGET = 400, 200
BATCHES, BATCH, BULK_TARGET = 20, 1_000, 15_000

Ask = Callable[..., Any]


def measure(app: Flask) -> Iterator[Result]:
    """Ask through the WSGI application; the time is from request to answer, without limits. Writes go over HTTP."""
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
    limiter.enabled = True
    with TemporaryDirectory(prefix="perennial-api-") as folder:
        yield from _writes(key, Path(folder))


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


def _writes(key: str, folder: Path) -> Iterator[Result]:
    with web() as port:
        for connections in (1, CONNECTIONS):
            rates = [_rate_one_by_one(port, key, connections, n, folder) for n in range(TRIES)]
            name, is_met = f"API: accounts made one by one, {connections} at a time", max(rates) >= ONE_BY_ONE_TARGET
            how = f"{', '.join(f'{rate:.0f}' for rate in rates)}/s: connections fall to the two web processes by chance"
            yield Result(name, f"{max(rates):.0f}/s", how, f"≥ {ONE_BY_ONE_TARGET}/s", is_met)
        for connections in (1, CONNECTIONS):
            batches = ({"accounts": [_account(f"{connections}-{n}-{i}") for i in range(BATCH)]} for n in range(BATCHES))
            sent = _sent(port, key, "/accounts/bulk", batches, connections, folder)
            rate = sent.requests * BATCH / sent.seconds
            how = f"{sent.requests} requests of {BATCH:,} new accounts"
            name, is_met = f"API: accounts sent in bulk, {connections} at a time", rate >= BULK_TARGET
            yield Result(name, f"{rate:,.0f}/s", how, f"≥ {BULK_TARGET:,}/s", is_met)


def _rate_one_by_one(port: int, key: str, connections: int, n: int, folder: Path) -> float:
    """Give accounts a second, each with its audit and job row."""
    names = (f"{connections}-{n}-{i}" for i in range(ONE_BY_ONE))
    bodies = ({"external_id": f"one-{name}", "name": f"Made Alone {name}"} for name in names)
    sent = _sent(port, key, "/accounts", bodies, connections, folder)
    return sent.requests / sent.seconds


def _account(number: str) -> dict[str, str]:
    return {"external_id": f"bulk-{number}", "name": f"Sent Together {number}", "tier": "standard", "country": "DE"}


def _sent(port: int, key: str, path: str, bodies: Iterator[dict[str, Any]], connections: int, folder: Path) -> Sent:
    requests = [post(f"/api/v1{path}", json.dumps(body).encode(), key) for body in bodies]
    sent = send(port, requests, connections, folder)
    assert not sent.refused, f"{path}: {sent.refused} requests were refused"
    return sent
