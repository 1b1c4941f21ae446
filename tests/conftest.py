"""One PostgreSQL and one Valkey for the whole run, a database a worker, a transaction a test.

A test asks for what it needs:
    workspace   a workspace in force, as in a request or a job; nothing the test writes outlives it
    cast        the same workspace with the people and accounts of cast.py
    client      a browser; `sign_in(person)` gives one that is signed in
    committed   a workspace whose commits are real, for work over several connections; swept away afterwards
    at_once     threads that begin together, over connections of their own (with `committed`)
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from flask.sessions import SessionMixin
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.engine import Connection
from sqlalchemy.orm import scoped_session, sessionmaker
from werkzeug.datastructures import Headers
from xdist.scheduler import LoadScopeScheduling

from app import create_app
from app.core import tenancy
from app.core.migrating import migrate
from app.extensions import db, doorbell
from app.identity.models import User, Workspace
from app.local.servers import Urls, shared_servers
from config import Config, sqlalchemy_url
from tests.cast import Cast, assemble

# Quicker than TRUNCATE, which makes new files; the superuser's `replica` lets rows go in any order.
_DELETE_ALL = text("""
    DO $$ DECLARE name text; BEGIN
        PERFORM set_config('session_replication_role', 'replica', true);
        FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
            EXECUTE format('DELETE FROM %I', name);
        END LOOP;
    END $$
""")


class ByProduct(LoadScopeScheduling):
    """Tests of a running product go to one worker, so that one is started; every other test goes to whoever is free.

    In place of marks and --dist loadgroup, which xdist 3.8 passes over with pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        shared = ("tests/browser/", "tests/faults/", "tests/journeys/", "tests/sdks/")
        return next((folder for folder in shared if nodeid.startswith(folder)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByProduct:
    return ByProduct(config, log)


@pytest.fixture(scope="session")
def urls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Urls]:
    """The servers of this run, shared by its workers: never those of DATABASE_URL, whose data tests would flush."""
    for name in ("DATABASE_URL", "DATABASE_ADMIN_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    folder = tmp_path_factory.getbasetemp()
    with shared_servers(folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) as found:
        yield found


@pytest.fixture(scope="session")
def admin(urls: Urls) -> Iterator[Engine]:
    """A connection as superuser, to make databases and to look past row security."""
    engine = create_engine(sqlalchemy_url(urls.database_admin), isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def new_database(urls: Urls, admin: Engine) -> Iterator[Callable[[str], str]]:
    """Make an empty database for this worker that belongs to the role of the application; gives its address."""
    made: list[str] = []

    def make(name: str) -> str:
        made.append(f"{name}_{_worker()}")
        _on(admin, f'CREATE DATABASE "{made[-1]}" OWNER {make_url(urls.database).username}')
        address = make_url(sqlalchemy_url(urls.database)).set(database=made[-1])
        return address.render_as_string(hide_password=False)

    yield make
    for name in made:
        _on(admin, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def config(urls: Urls, new_database: Callable[[str], str]) -> Config:
    """The settings of this worker: its own database, migrated once, and its own number in Valkey."""
    database = new_database("test")
    engine = create_engine(database)
    with engine.begin() as connection:
        migrate(connection)
    engine.dispose()
    return Config(
        database_url=database,
        redis_url=f"{urls.redis.rsplit('/', 1)[0]}/{_worker()}",
        secret_key="of no worth outside the tests",
    )


@pytest.fixture(scope="session")
def application(config: Config) -> Iterator[Flask]:
    """The application of this worker, made once."""
    made = create_app(config)
    made.testing = True
    made.test_client_class = Browser
    yield made
    with made.app_context():
        db.engine.dispose()


@pytest.fixture(scope="session")
def line(application: Flask) -> Iterator[Connection]:
    """The one connection over which the tests of this worker speak."""
    with application.app_context():
        connection = db.engine.connect()
    yield connection
    connection.close()


@pytest.fixture
def app(application: Flask, line: Connection, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The application, all of whose commits are savepoints in a transaction that is rolled back after the test."""
    whole = line.begin()
    maker = sessionmaker(bind=line, join_transaction_mode="create_savepoint")
    monkeypatch.setattr(db, "session", scoped_session(maker, scopefunc=db.session.registry.scopefunc))
    doorbell.redis.flushdb()
    with application.app_context():
        yield application
        db.session.remove()
    whole.rollback()


@pytest.fixture
def workspace(app: Flask) -> Iterator[Workspace]:
    """An empty workspace, in force."""
    made = Workspace(name="Meridian Software")
    db.session.add(made)
    db.session.commit()
    with tenancy.workspace(made.id):
        yield made


@pytest.fixture
def cast(workspace: Workspace) -> Cast:
    """The people of cast.py and a second workspace, which must stay unseen."""
    return assemble(workspace)


@pytest.fixture
def client(app: Flask) -> "Browser":
    """A browser that nobody has signed in with."""
    return app.test_client()


@pytest.fixture
def sign_in(app: Flask) -> Callable[[User], "Browser"]:
    """Give a browser in which a person is signed in, without the price of their password."""

    def enter(person: User) -> Browser:
        browser: Browser = app.test_client()
        with browser.session_transaction() as session:
            session["_user_id"], session["_fresh"] = person.get_id(), True
        return browser

    return enter


@pytest.fixture
def committed(application: Flask, admin: Engine) -> Iterator[Workspace]:
    """A workspace in force whose commits are real and seen by every thread. All rows are deleted afterwards."""
    doorbell.redis.flushdb()
    with application.app_context():
        made = Workspace(name="Committed")
        db.session.add(made)
        db.session.commit()
        with tenancy.workspace(made.id):
            yield made
            db.session.remove()
        _sweep(admin, str(db.engine.url.database))


@pytest.fixture
def at_once(application: Flask) -> Callable[..., list[Any]]:
    """Call functions at the same moment, each in a thread with a session and the scope of the test."""

    def run(*functions: Callable[[], Any]) -> list[Any]:
        scope, together = tenancy.current_scope(), Barrier(len(functions))

        def alone(function: Callable[[], Any]) -> Any:
            with application.app_context():
                tenancy.enter(scope)
                together.wait()
                return function()

        with ThreadPoolExecutor(len(functions)) as pool:
            return list(pool.map(alone, functions))

    return run


class Browser(FlaskClient):
    """A client whose requests have a context and a session of their own, as between two processes.

    What the test has not committed yet is sent first; what it holds is read anew afterwards. Forms carry their
    CSRF token, unless the test gives the header X-CSRFToken itself.
    """

    def open(self, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("method", "GET") in {"POST", "PUT", "PATCH", "DELETE"}:
            kwargs["headers"] = Headers(kwargs.get("headers"))
            kwargs["headers"].setdefault("X-CSRFToken", self._token())
        with self._apart():
            return super().open(*args, **kwargs)

    @contextmanager
    def session_transaction(self, *args: Any, **kwargs: Any) -> Iterator[SessionMixin]:
        with self._apart(), super().session_transaction(*args, **kwargs) as session:
            yield session

    def _token(self) -> str:
        with self.session_transaction() as session:
            raw = session.setdefault("csrf_token", "raw")
        return str(URLSafeTimedSerializer(self.application.secret_key, salt="wtf-csrf-token").dumps(raw))

    @contextmanager
    def _apart(self) -> Iterator[None]:
        scope = tenancy.current_scope()
        db.session.flush()
        tenancy.enter(tenancy.Scope())
        with self.application.app_context():
            yield
        db.session.expire_all()
        tenancy.enter(scope)


def _worker() -> int:
    """Give the number of this xdist worker, from 1; 0 without xdist."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw-1").removeprefix("gw")) + 1


def _on(engine: Engine, statement: str) -> None:
    with engine.connect() as connection:
        connection.execute(text(statement))


def _sweep(admin: Engine, database: str) -> None:
    engine = create_engine(admin.url.set(database=database))
    with engine.begin() as connection:
        connection.execute(_DELETE_ALL)
    engine.dispose()
