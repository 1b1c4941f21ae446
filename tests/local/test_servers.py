import os
import signal
import stat
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from app.local import places, servers
from app.local.processes import wait_until

HOLD = """
    import sys
    from pathlib import Path
    from app.local.servers import servers
    with servers(Path(sys.argv[1]), temporary=True) as urls:
        print(urls.database, urls.redis, flush=True)
        sys.stdin.read()
"""
HOLD_FOREVER = HOLD.replace("sys.stdin.read()", "import time; time.sleep(600)")


@pytest.fixture(autouse=True)
def no_outside_servers(monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """With a space in its path."""
    return tmp_path_factory.mktemp("a folder") / "data"


@pytest.fixture(scope="module")
def held(folder):
    """The servers of `folder`, up for this module."""
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("DATABASE_URL", raising=False)
        environment.delenv("REDIS_URL", raising=False)
        with servers.servers(folder, temporary=True) as urls:
            yield urls


def ask(url, question):
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(question).fetchone()


def postmaster(url):
    """The postmaster: parent of the backend that answers us."""
    with psycopg.connect(url) as connection:
        return psutil.Process(connection.info.backend_pid).parent()


def answers(url):
    try:
        return ask(url, "SELECT 1") == (1,)
    except psycopg.OperationalError:
        return False


def test_the_product_role_owns_its_database_and_is_bound_by_row_security(held):
    rights = ask(held.database, "SELECT rolsuper, rolbypassrls, rolcreatedb FROM pg_roles WHERE rolname = current_user")
    owner = ask(held.database, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()")
    assert rights == (False, False, False)
    assert owner == ("perennial",)


def test_a_commit_is_on_disk_before_it_is_acknowledged(held):
    settings = [ask(held.database, f"SHOW {name}")[0] for name in ("synchronous_commit", "fsync", "full_page_writes")]
    assert settings == ["on", "on", "on"]


def test_names_are_sorted_alike_on_every_machine_and_lowered_beyond_ascii(held):
    assert ask(held.database, "SELECT lower('ÉCOLE'), 'Z' < 'a'") == ("école", True)


def test_the_admin_can_make_a_database_for_the_product_role(held):
    with psycopg.connect(held.database_admin, autocommit=True) as admin:
        admin.execute("CREATE DATABASE another OWNER perennial")
    another = held.database.rpartition("/")[0] + "/another"
    with psycopg.connect(another) as product:
        product.execute("CREATE TABLE t AS SELECT 7 AS n")
    assert ask(another, "SELECT n FROM t") == (7,)


def test_a_wrong_password_is_refused_by_both_servers(held, folder):
    secrets = folder / "secrets"
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(held.database.replace((secrets / "perennial").read_text(), "wrong"))
    with (
        redis.Redis.from_url(held.redis.replace((secrets / "valkey").read_text(), "wrong")) as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.ping()


def test_passwords_are_readable_by_their_owner_only(held, folder):
    files = [*(folder / "secrets").iterdir(), *(folder / "keepers").glob("*/url")]
    assert len(files) == 5
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_both_servers_listen_on_loopback_only(held):
    with redis.Redis.from_url(held.redis) as client:
        assert client.config_get("bind") == {"bind": "127.0.0.1"}
    assert ask(held.database, "SELECT current_setting('listen_addresses')") == ("127.0.0.1",)


def test_the_queue_appends_each_write_to_a_file_and_evicts_nothing(held):
    with redis.Redis.from_url(held.redis) as client:
        settings = client.config_get("appendonly", "maxmemory-policy")
    assert settings == {"appendonly": "yes", "maxmemory-policy": "noeviction"}


def test_neither_server_runs_as_root(held):
    with redis.Redis.from_url(held.redis) as client:
        valkey = psutil.Process(client.info("server")["process_id"])
    uids = {postmaster(held.database).uids().effective, valkey.uids().effective}
    assert uids == {places.server_identity().uid}
    assert 0 not in uids


def test_a_second_process_shares_the_servers_and_leaves_them_running(held, folder, script):
    second = script(HOLD.replace("sys.stdin.read()", "pass"), folder)
    assert second.communicate(timeout=30)[0].split() == [held.database, held.redis]
    assert answers(held.database)


def test_a_killed_postgres_comes_back_at_the_same_address_with_what_it_acknowledged(held):
    with psycopg.connect(held.database) as connection:
        connection.execute("CREATE TABLE kept ()")
    postmaster(held.database).kill()
    assert wait_until(lambda: answers(held.database), within_s=60)
    assert ask(held.database, "SELECT to_regclass('kept')::text") == ("kept",)


def test_a_killed_valkey_comes_back_at_the_same_address_with_its_data(held):
    with redis.Redis.from_url(held.redis) as client:
        client.set("kept", "yes")
        client.execute_command("WAITAOF", 1, 0, 5000)
        os.kill(client.info("server")["process_id"], signal.SIGKILL)
    assert wait_until(lambda: remembered(held.redis, "kept") == b"yes", within_s=60)


def remembered(url, key):
    try:
        with redis.Redis.from_url(url) as client:
            return client.get(key)
    except redis.ConnectionError:
        return None


def test_the_servers_stop_when_their_only_user_is_killed(tmp_path, script, remains):
    user = script(HOLD_FOREVER, tmp_path / "data")
    url = user.stdout.readline().split()[0]
    assert answers(url)
    user.kill()
    assert wait_until(lambda: not remains(), within_s=60)
    assert not answers(url)


def test_the_servers_stop_when_their_keepers_are_killed_too(tmp_path, script, remains):
    user = script(HOLD_FOREVER, tmp_path / "data")
    url = user.stdout.readline().split()[0]
    keepers = [child for child in psutil.Process(user.pid).children() if "local.keeping" in child.cmdline()]
    assert len(keepers) == 2
    for process in (user, *keepers):
        process.kill()
    assert wait_until(lambda: not remains(), within_s=60)
    assert not answers(url)
    with servers.shared_servers(tmp_path / "data") as urls:  # and the next start finds nothing in its way
        assert answers(urls.database)


def test_the_last_to_leave_finds_the_servers_gone_and_the_temporary_data_too(tmp_path, remains):
    data = tmp_path / "data"
    with servers.shared_servers(data) as urls:
        place = Path(ask(urls.database_admin, "SHOW data_directory")[0])
        assert place.exists()
    assert remains() == []
    assert not place.exists()


def test_servers_named_by_the_environment_are_used_and_none_started(tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/perennial")
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere/0")
    with servers.servers(tmp_path / "data") as urls:
        assert urls == servers.Urls(
            "postgresql://elsewhere/perennial", "postgresql://elsewhere/perennial", "redis://elsewhere/0"
        )
    assert not (tmp_path / "data").exists()


def test_a_folder_of_another_user_is_refused(tmp_path, monkeypatch):
    (tmp_path / "something").touch()
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.raises(RuntimeError, match="belongs to user"), servers.servers(tmp_path):
        pass
