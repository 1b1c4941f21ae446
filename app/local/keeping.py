"""One keeper process a server: it starts the server, restarts it if it dies, and stops it after its last user.

Each process that uses a server holds a shared lock on the file `holders`. The kernel drops that lock however the
process ends, kill -9 included, so the keeper knows without being told that nobody is left:

    door      held (exclusive) by whoever joins or leaves, one at a time
    holders   held (shared) by every process that uses the server; exclusive: by the keeper, from the moment it stops
    keeper    held (exclusive) by the keeper as long as it lives
    url       what the keeper's server is reached by, as JSON, mode 0600
"""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO, Any

from . import postgres, valkey
from .processes import Server, last_lines
from .screen import say

GLANCE_S = 0.2
STARTERS = {"postgres": postgres.start, "valkey": valkey.start}


@contextmanager
def kept(kind: str, folder: Path, *, temporary: bool = False) -> Iterator[dict[str, Any]]:
    """The running server `kind` ("postgres" or "valkey") of `folder`: {"url", "url_admin", "port"}.

    The first process to ask starts it, the last to leave waits until it has stopped. `temporary`: its data go too.
    Raises RuntimeError with the reason when it does not start.
    """
    locks = folder / "keepers" / kind
    locks.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (locks / "holders").open("a") as holders:
        with _locked(locks / "door", fcntl.LOCK_EX):
            fcntl.flock(holders, fcntl.LOCK_SH)  # waits for a keeper that is stopping
            keeper = None if _is_kept(locks) else _start_keeper(kind, folder, temporary=temporary)
        try:
            yield json.loads((locks / "url").read_text())
        finally:
            _leave(locks, holders, keeper)


@contextmanager
def _locked(path: Path, how: int) -> Iterator[IO[str]]:
    with path.open("a") as file:
        fcntl.flock(file, how)
        yield file


def _is_kept(locks: Path) -> bool:
    try:
        with _locked(locks / "keeper", fcntl.LOCK_SH | fcntl.LOCK_NB):
            return False
    except BlockingIOError:
        return True


def _start_keeper(kind: str, folder: Path, *, temporary: bool) -> subprocess.Popen[str]:
    """In a session of its own, so that Ctrl-C reaches its users first.

    Started as `local`, not `app.local`: a keeper has no use for Flask and must outlive a product that does not load.
    """
    log = folder / "logs" / f"{kind}-keeper.log"
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    argv = [sys.executable, "-m", "local.keeping", kind, str(folder), "temporary" if temporary else "lasting"]
    with log.open("a") as errors:
        keeper = subprocess.Popen(  # noqa: S603 our own words
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])},
            start_new_session=True,
        )
    assert keeper.stdout is not None
    with keeper.stdout:
        answer = json.loads(keeper.stdout.readline() or "{}")
    if "url" not in answer:
        keeper.wait()
        raise RuntimeError(answer.get("error") or f"The keeper of {kind} ended:\n{last_lines(log)}")
    if answer["note"]:
        _say_once(answer["note"])
    return keeper


@cache
def _say_once(note: str) -> None:
    """Both servers of a folder may have the same to tell."""
    say(note)


def _leave(locks: Path, holders: IO[str], keeper: subprocess.Popen[str] | None) -> None:
    with _locked(locks / "door", fcntl.LOCK_EX):
        try:
            fcntl.flock(holders, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # others go on using it, or the keeper is already stopping: then wait for it
            fcntl.flock(holders, fcntl.LOCK_SH)
            fcntl.flock(holders, fcntl.LOCK_UN)
        else:
            fcntl.flock(holders, fcntl.LOCK_UN)
            with _locked(locks / "keeper", fcntl.LOCK_SH):
                pass
    if keeper is not None:
        _let_go(keeper)


def _let_go(keeper: subprocess.Popen[str]) -> None:
    """A keeper that outlives us belongs to init from then on; do not warn about it."""
    with suppress(subprocess.TimeoutExpired):
        keeper.wait(timeout=0.5)
    keeper.returncode = keeper.returncode if keeper.returncode is not None else 0


def main(kind: str, folder: Path, *, temporary: bool) -> None:
    """The keeper: answers with one line of JSON on standard output, then stays until it is no longer needed."""
    locks = folder / "keepers" / kind
    with _locked(locks / "keeper", fcntl.LOCK_EX), (locks / "holders").open("a") as holders:
        try:
            server = STARTERS[kind](folder, port=_last_port(locks), temporary=temporary)
        except Exception as problem:
            _answer({"error": str(problem)})
            raise
        _write(locks / "url", {"url": server.url, "url_admin": server.url_admin, "port": server.port})
        _answer({"url": server.url, "note": server.note})
        server = _keep(kind, folder, server, holders, temporary=temporary)
        server.stop()
        if temporary:
            shutil.rmtree(server.data, ignore_errors=True)
            with suppress(OSError):
                server.data.parent.rmdir()


def _last_port(locks: Path) -> int | None:
    """The port of last time, so that a process that still knows the old address finds the server again."""
    with suppress(OSError, ValueError, KeyError):
        return int(json.loads((locks / "url").read_text())["port"])
    return None


def _write(path: Path, content: dict[str, Any]) -> None:
    fresh = path.with_name("url.new")
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(content))
    fresh.replace(path)


def _answer(content: dict[str, str]) -> None:
    with suppress(BrokenPipeError):
        say(json.dumps(content))
        sys.stdout.close()


def _keep(kind: str, folder: Path, server: Server, holders: IO[str], *, temporary: bool) -> Server:
    """Stay while anybody holds on, and while nobody asked us to stop; bring a dead server back at its address."""
    asked: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: asked.append(number))
    while not asked and not _nobody_holds(holders):
        if not server.is_running():
            with suppress(RuntimeError):
                server = STARTERS[kind](folder, port=server.port, temporary=temporary)
        time.sleep(GLANCE_S)
    return server


def _nobody_holds(holders: IO[str]) -> bool:
    try:
        fcntl.flock(holders, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), temporary=sys.argv[3] == "temporary")
