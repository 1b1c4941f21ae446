"""The product as `perennial run` starts and keeps it, with a PostgreSQL and a Valkey of its own that may be killed."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import httpx
import psutil
import pytest
import redis
from flask import Flask
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.orm import scoped_session, sessionmaker

from app.accounts import summarising
from app.accounts.intake import recording
from app.core import tenancy
from app.core.clock import day_in, utc_now
from app.core.migrating import migrate
from app.extensions import db
from app.identity.keys import make_key
from app.identity.models import Workspace
from app.local.ports import any_free_port
from app.local.processes import last_lines, wait_until
from app.local.servers import Urls, servers
from app.local.supervising import MARK
from app.playbooks.defaults import ensure_defaults
from app.usage.intake.ingesting import ensure_meters
from app.usage.metering import count_everything
from config import sqlalchemy_url
from tests.books import stretch
from tests.faults.reckoning import Fact, accepted, as_they_came, counted, in_ledger, key_of, reckon
from tests.faults.sending import Load, Request, Sender, batch, segment_batch, single, some_facts
from tests.product import PERENNIAL, ROOT

PER_MINUTE = 30_000
ACCOUNTS = tuple(f"a{n}" for n in range(1, 13))
METERS = ("calls", "exports")


@dataclass
class Product:
    """What `perennial run` keeps alive. `eyes` looks past row security."""

    address: str
    folder: Path
    urls: Urls
    eyes: Engine
    engine: Engine
    app: Flask
    companies: list["Company"] = field(default_factory=list)

    def rows(self, query: str, **values: Any) -> list[Any]:
        """Read rows of all workspaces, once the database is there."""
        with self.eyes.connect() as connection:
            return list(connection.execute(text(query), values))

    def order(self, statement: str) -> None:
        """Have the superuser do something."""
        with self.eyes.connect() as connection:
            connection.execute(text(statement))

    def company(self, name: str, zone: str = "UTC") -> "Company":
        """Make a workspace with twelve accounts that pay, two meters and a key."""
        with self.session():
            made = Workspace(name=name, time_zone=zone)
            db.session.add(made)
            db.session.flush()
            with tenancy.workspace(made.id):
                ensure_defaults(utc_now())
                recording.record_accounts([{"external_id": each, "name": each} for each in ACCOUNTS], utc_now())
                today = day_in(zone, utc_now())
                contracts = [stretch(each, 12_000_00, today - timedelta(days=200)) for each in ACCOUNTS]
                recording.record_subscriptions(contracts, utc_now())
                summarising.refresh(None, today)
                ensure_meters(METERS)
                count_everything()
                _, key = make_key("backend", ["usage:write"], None)
                db.session.commit()
                self.companies.append(Company(self, made.id, zone, key))
                return self.companies[-1]

    @contextmanager
    def session(self) -> Iterator[None]:
        """Work on this product's tables with the application of the tests."""
        maker = sessionmaker(bind=self.engine)
        with self.app.app_context(), pytest.MonkeyPatch.context() as patch:
            patch.setattr(db, "session", scoped_session(maker, scopefunc=db.session.registry.scopefunc))
            yield
            db.session.remove()

    def processes(self, words: str) -> list[psutil.Process]:
        """Give the living processes of the product whose command holds some words."""
        return [each for each in psutil.process_iter() if _belongs(each, self.folder) and words in _command(each)]

    def postmaster(self) -> psutil.Process:
        data = Path(self.rows("SELECT setting AS folder FROM pg_settings WHERE name = 'data_directory'")[0].folder)
        return psutil.Process(int((data / "postmaster.pid").read_text().split()[0]))

    @contextmanager
    def valkey(self) -> Iterator[redis.Redis]:
        with redis.Redis.from_url(self.urls.redis) as client:
            yield client


@dataclass
class Company:
    """A workspace that tests send to; `facts`: what was counted there, once a test has looked."""

    product: Product
    id: int
    zone: str
    key: str
    source: str = "segment: backend"
    facts: list[Fact] = field(default_factory=list)

    def sender(self) -> Sender:
        return Sender(self.product.address, self.key)

    def make_meters(self, *codes: str, kind: str) -> None:
        with self.product.session(), tenancy.workspace(self.id):
            ensure_meters(codes, kind)
            db.session.commit()

    def load(self, seed: int = 1) -> Load:
        """Prepare batches, single events and Segment batches for six threads."""
        chance = Random(seed)
        facts = some_facts(chance, ACCOUNTS, METERS)
        many = lambda n: [next(facts) for _ in range(n)]  # noqa: E731
        lines: list[list[Request]] = [[batch(f"b{line}-{n}", many(50)) for n in range(25)] for line in range(2)]
        lines += [[single(f"s{line}-{n}", next(facts)) for n in range(60)] for line in range(3)]
        lines += [[segment_batch(f"m{n}", self.source, many(20)) for n in range(25)]]
        return Load(self.product.address, self.key, lines)

    def assert_counts_once(self, load: Load, extra: int = 0) -> None:
        """Hold what is counted against what was acknowledged: each event once, everywhere. `extra`: records accepted
        that count nothing."""
        facts, query = load.acknowledged, self.product.rows
        assert in_ledger(query, self.id) == {(source, key_of(event_id)) for source, event_id in facts}
        assert as_they_came(query, self.id) == dict.fromkeys(facts, 1)
        assert accepted(query, self.id) == len(facts) + extra
        assert counted(query, self.id) == reckon(facts.values(), self.zone)
        self.facts = list(facts.values())


@pytest.fixture(scope="session")
def product(application: Flask, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Started once; `application` has seen to it that the environment names no servers."""
    folder = tmp_path_factory.mktemp("faults")
    with ExitStack() as stack:
        urls = stack.enter_context(servers(folder, temporary=True))
        admin = make_url(sqlalchemy_url(urls.database_admin)).set(database="perennial")
        eyes = create_engine(admin, isolation_level="AUTOCOMMIT", pool_pre_ping=True)
        engine = create_engine(sqlalchemy_url(urls.database), pool_pre_ping=True)
        stack.callback(eyes.dispose)
        stack.callback(engine.dispose)
        with engine.begin() as connection:
            migrate(connection)
        port = any_free_port()
        made = Product(f"http://127.0.0.1:{port}", folder, urls, eyes, engine, application)
        made.company("First")  # where there is a workspace already, no demo is made
        stack.enter_context(_running(folder, port))
        yield made


@contextmanager
def _running(folder: Path, port: int) -> Iterator[None]:
    environment = os.environ | {"PERENNIAL_DATA": str(folder), "INGEST_PER_MINUTE": str(PER_MINUTE)}
    said = folder / "said.txt"
    with said.open("w") as words:
        run = subprocess.Popen(
            [PERENNIAL, "run", "--port", str(port)], cwd=ROOT, stdout=words, stderr=words, env=environment
        )
    try:
        up = wait_until(lambda: run.poll() is not None or _is_ready(port), within_s=120, pause_s=0.2)
        assert up, last_lines(said, 40)
        assert run.poll() is None, last_lines(said, 40)
        yield
    finally:
        run.send_signal(signal.SIGINT)
        assert run.wait(timeout=60) == 0


def _is_ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=10).status_code == 200
    except httpx.TransportError:
        return False


def _belongs(process: psutil.Process, folder: Path) -> bool:
    try:
        return process.environ().get(MARK) == str(folder.resolve())
    except psutil.Error:
        return False


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
