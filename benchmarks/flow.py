"""From an event to the screen at 1,000 events a second over 10,000 accounts; the cost of an event with 50 million
stored; what web and worker hold after a million."""

import json
import os
import random
import re
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from threading import Event, Thread

import httpx
import psutil
from flask import Flask
from sqlalchemy import text

from app.accounts import summarising
from app.accounts.intake import recording
from app.core import tenancy
from app.extensions import db
from app.identity.models import Membership, User
from app.usage.intake.ingesting import ingest
from benchmarks.ingest import BATCH, CONNECTIONS, METERS, Place, event, make_place, running, web
from benchmarks.results import Result, percentile
from benchmarks.sending import post, send

ACCOUNTS, RATE, SECONDS, WATCHED = 10_000, 1_000, 60, 40
STORED = int(os.environ.get("BENCH_STORED", "50000000"))
MEMORY_EVENTS = 1_000_000
COUNTED = 1_000_000
PARTS = 10
EMAIL = "bench@example.com"


def measure(app: Flask) -> Iterator[Result]:
    """Measure the flow, then how an event's cost grows, then memory."""
    with TemporaryDirectory(prefix="perennial-flow-") as name:
        yield from _to_the_screen(app)
        yield from _memory(app, Path(name))
        yield from _growth(app)


def _to_the_screen(app: Flask) -> Iterator[Result]:
    """Send at a steady rate; meanwhile watch some accounts' pages until each shows the event that was posted for it."""
    place, ids, cookie = _paying_place(app)
    with product() as port, httpx.Client(base_url=f"http://127.0.0.1:{port}", cookies=cookie, timeout=30) as browser:
        stop, sent = Event(), [0]
        sender = Thread(target=_steadily, args=(port, place, stop, sent), daemon=True)
        sender.start()
        time.sleep(10)
        started = sent[0]
        began = time.monotonic()
        waits = sorted(_seen_after(browser, place, *ids[n * len(ids) // WATCHED]) for n in range(WATCHED))
        rate = (sent[0] - started) / (time.monotonic() - began)
        stop.set()
        sender.join()
    p95 = percentile(waits, 95)
    how = (
        f"{ACCOUNTS:,} paying accounts, {rate:,.0f} events/s meanwhile, two workers; median"
        f" {percentile(waits, 50):.1f} s of {WATCHED} pages asked every quarter of a second"
    )
    yield Result(
        "From an event to the account's screen", f"p95 {p95:.1f} s", how, "p95 < 10 s", p95 < 10 and rate > 950
    )


def _paying_place(app: Flask) -> tuple[Place, list[tuple[int, str]], dict[str, str]]:
    place = make_place(app, ACCOUNTS)
    today = datetime.now(UTC).date()
    with app.app_context(), tenancy.workspace(place.workspace_id):
        contracts = [
            {"external_id": f"s-{n}", "account": f"a-{n}", "plan": "growth", "seats": 10, "arr_minor": 12_000_00,
             "started_on": today - timedelta(days=200), "ended_on": None, "term_months": 12}
            for n in range(1, ACCOUNTS + 1)
        ]  # fmt: skip
        recording.record_subscriptions(contracts, datetime.now(UTC))
        summarising.refresh(None, today)
        person = User(email=f"{uuid.uuid4().hex}@example.com", name="Bench")
        db.session.add(person)
        db.session.flush()
        db.session.add(Membership(user_id=person.id, role="admin"))
        db.session.commit()
        ids = list(map(tuple, db.session.execute(text("SELECT id, external_id FROM account ORDER BY id"))))
        identity = person.get_id()
    db_session = app.session_interface.get_signing_serializer(app)
    cookie = db_session.dumps({"_user_id": identity, "_fresh": True, "workspace_id": place.workspace_id})
    return place, ids, {app.config["SESSION_COOKIE_NAME"]: cookie}


def _steadily(port: int, place: Place, stop: Event, sent: list[int]) -> None:
    """Send a tenth of a second's events ten times a second."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        headers = {"Authorization": f"Bearer {place.key}"}
        due = time.monotonic()
        while not stop.is_set():
            body = {"events": [event(ACCOUNTS, 5) for _ in range(RATE // 10)]}
            answer = client.post("/api/v1/usage", json=body, headers=headers)
            sent[0] += answer.json()["accepted"]
            due += 0.1
            time.sleep(max(0.0, due - time.monotonic()))


def _seen_after(browser: httpx.Client, place: Place, account_id: int, external_id: str) -> float:
    """Post an event by a person nobody has seen and wait until the account's page counts them; gives the seconds."""
    before = _people_on(browser, account_id)
    body = event(ACCOUNTS) | {"account": external_id, "user": f"new-{uuid.uuid4().hex}"}
    answer = browser.post("/api/v1/usage", json=body, headers={"Authorization": f"Bearer {place.key}"})
    assert answer.json()["accepted"] == 1, answer.text
    began = time.monotonic()
    while _people_on(browser, account_id) <= before:
        time.sleep(0.25)
        if time.monotonic() - began > 120:
            return 120.0
    return time.monotonic() - began


def _people_on(browser: httpx.Client, account_id: int) -> int:
    page = browser.get(f"/accounts/{account_id}")
    assert page.status_code == 200, page.status_code
    found = re.search(r"(\d+) (?:people|person) active in 28 days", page.text)
    return int(found[1]) if found else 0


@contextmanager
def product() -> Iterator[int]:
    """Run web, two workers and the timekeeper; gives the port."""
    with ExitStack() as stack:
        port = stack.enter_context(web())
        for module in ("jobs.worker", "jobs.worker", "jobs.timekeeper"):
            stack.enter_context(running([sys.executable, "-m", module], None, {"OMP_NUM_THREADS": "1"}))
        yield port


def _memory(app: Flask, folder: Path) -> Iterator[Result]:
    """Send a million events and look at the web process after a tenth of them and at the end."""
    place = make_place(app)
    with product() as port:
        processes = [
            p for p in psutil.Process().children(recursive=True) if "python" in p.name() or "granian" in p.name()
        ]
        seen: list[float] = []
        for share in (1, 9):
            for _ in range(share):
                requests = [_batch(place) for _ in range(MEMORY_EVENTS // 10 // BATCH)]
                send(port, requests, CONNECTIONS, folder, warm_up=0)
            time.sleep(5)
            seen.append(sum(p.memory_info().rss for p in processes if p.is_running()) / 2**20)
    growth = seen[1] / seen[0]
    how = f"{seen[0]:,.0f} MB after 100,000 events, {seen[1]:,.0f} MB after a million: web, two workers, timekeeper"
    yield Result("Memory over a million events", f"{growth:.2f} ×", how, "≤ 1.10 ×", growth <= 1.10)


def _batch(place: Place) -> bytes:
    return post("/api/v1/usage", json.dumps({"events": [event() for _ in range(BATCH)]}).encode(), place.key)


def _growth(app: Flask) -> Iterator[Result]:
    """Count a million events beside a million stored ones, and beside fifty. The ledger decides, so it alone is filled.

    As many as that, since each page of its index is written whole to the log when it is first touched after a
    checkpoint, and filling the ledger has just made one: the first events pay for those that come after.
    """
    place = make_place(app)
    with app.app_context(), tenancy.workspace(place.workspace_id):
        costs = {}
        for stored in (1_000_000, STORED):
            _fill(place.workspace_id, stored)
            costs[stored] = _cost()
    few, many = mean(costs[1_000_000]), mean(costs[STORED])
    how = (
        f"{few:.1f} µs beside 1 million, {many:.1f} µs beside {STORED / 1e6:.0f} million, from {costs[STORED][0]:.1f}"
        f" in the first tenth to {costs[STORED][-1]:.1f} in the last; {COUNTED:,} events in batches of {BATCH}"
    )
    yield Result("Cost of an event as the ledger grows", f"{many / few:.2f} ×", how, "≤ 1.25 ×", many / few <= 1.25)


def _fill(workspace: int, stored: int) -> None:
    """Bring the ledger to `stored` random keys: without its index first, as a restore does."""
    have = db.session.execute(text("SELECT count(*) FROM counted_event")).scalar_one()
    ingest("benchmark", [event_row()], datetime.now(UTC))
    db.session.execute(text("ALTER TABLE counted_event DROP CONSTRAINT pk_counted_event"))
    db.session.execute(
        text(
            "INSERT INTO counted_event (workspace_id, source_id, key, account_id, meter_id, day, quantity, is_max)"
            " SELECT :workspace, s.id, gen_random_uuid(), 1 + n % 10000, 1, current_date - (n % 400)::int, 1, false"
            " FROM generate_series(1, :more) n, usage_source s WHERE s.name = 'benchmark'"
        ),
        {"workspace": workspace, "more": stored - have},
    )
    db.session.execute(
        text("ALTER TABLE counted_event ADD CONSTRAINT pk_counted_event PRIMARY KEY (workspace_id, source_id, key)")
    )
    db.session.commit()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE counted_event"))


def _cost() -> list[float]:
    """Give the µs an event of batches that are new, part by part of all that are counted."""
    parts = []
    for _ in range(PARTS):
        spent = 0.0
        for _ in range(COUNTED // PARTS // BATCH):
            rows = [event_row() for _ in range(BATCH)]
            began = time.perf_counter()
            ingest("benchmark", rows, datetime.now(UTC))
            db.session.commit()
            spent += time.perf_counter() - began
        parts.append(spent / (COUNTED // PARTS) * 1e6)
    return parts


def event_row() -> dict[str, object]:
    """Give an event as the verb takes it."""
    return {
        "event_id": str(uuid.uuid4()), "account": f"a-{random.randint(1, ACCOUNTS)}",
        "meter": f"m{random.randrange(METERS)}", "quantity": 1.0, "happened_at": datetime.now(UTC), "person": None,
    }  # fmt: skip
