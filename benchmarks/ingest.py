"""Usage over HTTP: durable, each event once, mapped to accounts, counted into days. Beside it, in the same run against
the same PostgreSQL: COPY of the same rows, a bare insert with the same unique key, and the least endpoint in Node."""

import json
import os
import random
import subprocess
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import psycopg
from flask import Flask
from sqlalchemy import text

from app.core import tenancy
from app.extensions import db
from app.identity.keys import make_key
from app.identity.models import Workspace
from app.local.ports import any_free_port, is_answered
from app.local.processes import wait_until
from app.usage.intake.ingesting import ensure_meters
from benchmarks.results import Result
from benchmarks.sending import Sent, post, send

ROOT = Path(__file__).parents[1]
ACCOUNTS, METERS, PEOPLE, BATCH = 10_000, 5, 20, 500
REQUESTS, ROUNDS, CONNECTIONS = 240, 6, 4
SINGLES, SINGLE_CONNECTIONS = 4_000, 16
_TWIN = """
CREATE TABLE IF NOT EXISTS twin_event (source text, event_id text, account text, meter text, quantity float8,
    happened_at timestamptz, person text, received_at timestamptz DEFAULT now(), PRIMARY KEY (source, event_id));
CREATE TABLE IF NOT EXISTS copied_event (LIKE twin_event)
"""
_BARE = """
INSERT INTO twin_event (source, event_id, account, meter, quantity, happened_at, person)
SELECT 'api', id, account, meter, quantity, at, "user" FROM json_to_recordset(%s::json)
    AS r (id text, account text, meter text, quantity float8, at timestamptz, "user" text)
ON CONFLICT (source, event_id) DO NOTHING
"""


@dataclass(frozen=True)
class Place:
    """A workspace to send to."""

    workspace_id: int
    key: str


def measure(app: Flask) -> Iterator[Result]:
    """Send batches and single events; give ratios of what was measured in the same minutes."""
    place = make_place(app)
    with TemporaryDirectory(prefix="perennial-ingest-") as name, psycopg.connect(_plain_url()) as connection:
        folder = Path(name)
        connection.execute(_TWIN)
        connection.commit()
        yield from _batches(place, folder, connection)
        yield from _singles(place, folder)


def _batches(place: Place, folder: Path, connection: psycopg.Connection) -> Iterator[Result]:
    """Take turns, so that all see the same machine. Of a rate the best counts, as a quiet machine would give it; of a
    ratio the medians, since one quick moment of either side would decide it else."""
    rates: dict[str, list[float]] = {"ours": [], "node": [], "flask": [], "insert": [], "copy": [], "people": []}
    p99: list[float] = []
    with web() as ours, node(folder) as twin, flask_twin() as bare:
        for _ in range(ROUNDS):
            sent = send(ours, _requests(place), CONNECTIONS, folder)
            assert not sent.refused, "requests were refused"
            rates["ours"].append(_rate(sent))
            p99.append(sent.p99)
            rates["people"].append(_rate(send(ours, _requests(place, PEOPLE), CONNECTIONS, folder)))
            rates["node"].append(_rate(send(twin, _requests(place), CONNECTIONS, folder)))
            rates["flask"].append(_rate(send(bare, _requests(place), CONNECTIONS, folder)))
            rates["insert"].append(_inserted(connection))
            rates["copy"].append(_copied(connection))
    best = {name: max(found) for name, found in rates.items()}
    usual = {name: median(found) for name, found in rates.items()}
    how = f"{BATCH} a request, {CONNECTIONS} connections, best of {ROUNDS}, median"
    found = f"{best['ours']:,.0f} events/s"
    yield Result(
        "Batches, all of it", found, f"{how} {usual['ours']:,.0f}", "≥ 40,000 events/s", best["ours"] >= 40_000
    )
    yield Result("p99 of a batch", f"{min(p99):.1f} ms", f"{how} {median(p99):.0f}", "≤ 60 ms", min(p99) <= 60)
    how = f"each event of one of {PEOPLE} people of its account, whose days of use are noted"
    yield Result("The same with people", f"{best['people']:,.0f} events/s", how, "shown", is_met=True)
    for side, name, least in (
        ("ours", "… to the least endpoint in Node", 0.4),
        ("flask", "The same least endpoint in Flask, to Node", 0.9),
    ):
        ratio, of_best = usual[side] / usual["node"], best[side] / best["node"]
        how = f"medians, to {usual['node']:,.0f} events/s deduplicated only; of the best rounds {of_best:.2f} ×"
        yield Result(name, f"{ratio:.2f} ×", how, f"≥ {least:.2f} ×", ratio >= least)
    for name, what in (
        ("insert", "a bare insert with the same unique key, no HTTP"),
        ("copy", "COPY, no key, no HTTP"),
    ):
        how = f"{usual[name]:,.0f} rows/s over one connection, a commit a batch; medians"
        yield Result(
            f"Batches, all of it, to {what}", f"{usual['ours'] / usual[name]:.2f} ×", how, "shown", is_met=True
        )


def _singles(place: Place, folder: Path) -> Iterator[Result]:
    rates: dict[str, list[float]] = {"together": [], "alone": []}
    with web() as ours, web("benchmarks.twin.alone:app") as alone:
        for _ in range(ROUNDS):
            for name, port in (("together", ours), ("alone", alone)):
                requests = [post("/api/v1/usage", json.dumps(event()).encode(), place.key) for _ in range(SINGLES)]
                sent = send(port, requests, SINGLE_CONNECTIONS, folder)
                assert not sent.refused, "requests were refused"
                rates[name].append(sent.requests / sent.seconds)
    best = {name: max(found) for name, found in rates.items()}
    usual = median(rates["together"])
    how = f"{SINGLE_CONNECTIONS} connections, each answered after its commit, best of {ROUNDS}, median {usual:,.0f}"
    found = best["together"]
    yield Result("Single events", f"{found:,.0f}/s", how, "≥ 1,200/s", found >= 1_200)
    ratio = usual / median(rates["alone"])
    how = f"{median(rates['alone']):,.0f}/s with a transaction each; medians"
    yield Result("… to one transaction each", f"{ratio:.2f} ×", how, "≥ 1.15 ×", ratio >= 1.15)


def make_place(app: Flask, accounts: int = ACCOUNTS) -> Place:
    """Make a workspace of accounts that pay nothing, with meters and a key."""
    with app.app_context():
        made = Workspace(name="Benchmark, ingest")
        db.session.add(made)
        db.session.commit()
        with tenancy.workspace(made.id):
            db.session.execute(
                text(
                    "INSERT INTO account (external_id, name) SELECT 'a-' || n, 'A ' || n FROM generate_series(1, :n) n"
                ),
                {"n": accounts},
            )
            ensure_meters([f"m{n}" for n in range(METERS)])
            key = make_key("benchmark", ["usage:write"], None)[1]
            db.session.commit()
        db.session.execute(text("ANALYZE"))
        db.session.commit()
        return Place(made.id, key)


def event(accounts: int = ACCOUNTS, people: int = 0) -> dict[str, object]:
    """Give an event of today of some account and meter, and of one of its people if it has some, with a random id."""
    said = {
        "id": str(uuid.uuid4()), "account": f"a-{random.randint(1, accounts)}", "meter": f"m{random.randrange(METERS)}",
        "quantity": 1.0, "at": datetime.now(UTC).isoformat(),
    }  # fmt: skip
    return said | ({"user": f"u{random.randrange(people)}"} if people else {})


def _requests(place: Place, people: int = 0) -> list[bytes]:
    bodies = (json.dumps({"events": [event(people=people) for _ in range(BATCH)]}).encode() for _ in range(REQUESTS))
    return [post("/api/v1/usage", body, place.key) for body in bodies]


def _rate(sent: Sent) -> float:
    return sent.requests * BATCH / sent.seconds


def _inserted(connection: psycopg.Connection) -> float:
    batches = [json.dumps([event() for _ in range(BATCH)]) for _ in range(REQUESTS // 4)]
    started = time.perf_counter()
    for batch in batches:
        connection.execute(_BARE, [batch])
        connection.commit()
    return len(batches) * BATCH / (time.perf_counter() - started)


def _copied(connection: psycopg.Connection) -> float:
    batches = [[_row(event()) for _ in range(BATCH)] for _ in range(REQUESTS // 4)]
    columns = "source, event_id, account, meter, quantity, happened_at, person"
    started = time.perf_counter()
    for batch in batches:
        with connection.cursor() as cursor, cursor.copy(f"COPY copied_event ({columns}) FROM STDIN") as copy:
            for row in batch:
                copy.write_row(row)
        connection.commit()
    return len(batches) * BATCH / (time.perf_counter() - started)


def _row(one: dict[str, object]) -> Sequence[object]:
    return ("api", one["id"], one["account"], one["meter"], one["quantity"], one["at"], None)


@contextmanager
def web(application: str = "wsgi:app", **environment: str) -> Iterator[int]:
    """Run the web process as `perennial run` does; gives its port."""
    from app.cli import web_command

    port = any_free_port()
    argv = [*web_command(port)[:-1], application]
    with running(argv, port, {"INGEST_PER_MINUTE": "100000000", "BASE_URL": f"http://127.0.0.1:{port}", **environment}):
        yield port


@contextmanager
def flask_twin() -> Iterator[int]:
    """Run the least endpoint in Flask."""
    with web("benchmarks.twin.bare:app", TWIN_URL=_plain_url()) as port:
        yield port


@contextmanager
def node(folder: Path) -> Iterator[int]:
    """Run the least endpoint in Node, its one package fetched by npm."""
    from app.local.assets import _npm

    twin = folder / "twin"
    twin.mkdir()
    for each in ("package.json", "server.mjs"):
        (twin / each).write_text((ROOT / "benchmarks" / "twin" / each).read_text())
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    subprocess.run([*_npm(), "install", *quiet], cwd=twin, check=True, stdout=subprocess.DEVNULL)
    port = any_free_port()
    with running(["node", str(twin / "server.mjs"), str(port), _plain_url()], port, {}):
        yield port


@contextmanager
def running(argv: Sequence[str], port: int | None, environment: dict[str, str]) -> Iterator[None]:
    """Run a process inside the block; one with a port is waited for."""
    process = subprocess.Popen(argv, env={**os.environ, **environment}, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        if port is not None and not wait_until(lambda: is_answered(port), within_s=30):
            raise RuntimeError(f"{argv} does not answer")
        yield
    finally:
        process.terminate()
        process.wait()


def _plain_url() -> str:
    return os.environ["DATABASE_URL"].replace("+psycopg", "")
