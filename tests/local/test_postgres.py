import os
import signal
import subprocess
import tempfile
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from app.local import postgres, valkey


@pytest.fixture(scope="module")
def folder():
    """Where the servers' account can enter, unlike pytest's own folders."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def started(folder):
    """Servers started straight, without a keeper; stopped afterwards whatever happened."""
    running = []

    def start(module, where=folder, **options):
        running.append(module.start(where, **options))
        return running[-1]

    yield start
    for server in reversed(running):
        server.stop()


def rows(url, statement):
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(statement).fetchall()


def kill(server):
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()


def test_after_kill_nine_the_next_start_recovers_the_data_in_spite_of_the_stale_lock_file(started):
    first = started(postgres)
    with psycopg.connect(first.url) as connection:
        connection.execute("CREATE TABLE note AS SELECT 7 AS n")
    kill(first)
    assert (first.data / "cluster" / "postmaster.pid").exists()
    assert rows(started(postgres).url, "SELECT n FROM note") == [(7,)]


def test_a_stale_lock_file_naming_a_living_stranger_neither_stops_the_start_nor_the_stranger(started):
    first = started(postgres)
    first.stop()
    stranger = subprocess.Popen(["sleep", "60"])
    lines = [str(stranger.pid), str(first.data / "cluster"), "1", "5432", "", "127.0.0.1", "0 0", "ready"]
    (first.data / "cluster" / "postmaster.pid").write_text("\n".join(lines) + "\n")
    try:
        assert rows(started(postgres).url, "SELECT 1") == [(1,)]
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_server_left_on_the_same_data_is_stopped_before_another_starts(started):
    first = started(postgres)
    second = started(postgres)
    assert first.process.wait(timeout=10) == 0
    assert rows(second.url, "SELECT 1") == [(1,)]


def test_a_valkey_left_on_the_same_data_is_stopped_before_another_starts(started):
    first = started(valkey)
    with redis.Redis.from_url(first.url) as client:
        client.set("kept", "yes")
    second = started(valkey)
    assert first.process.wait(timeout=10) == 0
    with redis.Redis.from_url(second.url) as client:
        assert client.get("kept") == b"yes"


def test_a_taken_port_is_passed_over(started):
    first = started(valkey)
    second = started(postgres, port=first.port)
    assert second.port != first.port
    assert rows(second.url, "SELECT 1") == [(1,)]


def test_an_interrupted_first_start_is_begun_again(folder, started):
    half_made = folder / "again" / "postgres" / "cluster.new"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")
    assert rows(started(postgres, folder / "again").url, "SELECT current_user") == [("perennial",)]


def test_a_left_over_server_that_ends_by_itself_just_then_is_in_nobodys_way(tmp_path, monkeypatch):
    gone = subprocess.Popen(["/bin/true"])
    process = psutil.Process(gone.pid)
    gone.wait()
    monkeypatch.setattr(postgres, "working_in", lambda _folder, _name: [process])
    (tmp_path / "postmaster.pid").write_text("1")
    postgres._stop_left_over(tmp_path)
    assert not (tmp_path / "postmaster.pid").exists()
