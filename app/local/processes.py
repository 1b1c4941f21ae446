"""Starting and ending processes so that none outlives what started it."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

PR_SET_PDEATHSIG = 1  # linux/prctl.h
PATIENCE_S = 20.0
LONG_LOG = 10 * 1024 * 1024  # bytes


@dataclass(frozen=True)
class Identity:
    """A user and group to run as."""

    uid: int
    gid: int

    def options(self) -> dict[str, Any]:
        """What subprocess needs to become this identity; nothing when that is who we are."""
        if os.geteuid() != 0 or self.uid == 0:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can_enter(self, folder: Path) -> bool:
        """Ask the kernel, as that user: modes, ACLs and mounts all have a say."""
        if not self.options():
            return True
        asked = subprocess.run(["/usr/bin/test", "-x", folder], check=False, cwd="/", **self.options())  # noqa: S603 our own words
        return bool(asked.returncode == 0)


def launch(
    argv: list[str],
    *,
    log: Path,
    ends_with: signal.Signals,
    identity: Identity | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | str = "/",
    stdin: int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Start `argv` in a session of its own, appending what it says to `log`; a long log is set aside once.

    The kernel sends it `ends_with` when the thread that called this ends, so call it from the main thread of a
    process that has no other threads.
    """
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LONG_LOG:
        log.replace(log.with_suffix(".old.log"))
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 our own words
            argv,
            stdin=stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=env,
            cwd=cwd,
            start_new_session=True,
            preexec_fn=_tether(ends_with),  # noqa: PLW1509 no threads, see above
            **(identity.options() if identity else {}),
        )


def _tether(ends_with: signal.Signals) -> Callable[[], None]:
    parent = os.getpid()
    prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None

    def tether() -> None:
        if prctl is not None:
            prctl(PR_SET_PDEATHSIG, int(ends_with), 0, 0, 0)
        if os.getppid() != parent:  # it died before the tether held
            os._exit(1)

    return tether


def end(processes: Iterable[psutil.Process], *signals: signal.Signals, patience_s: float = PATIENCE_S) -> None:
    """Send each of `signals` in turn, and SIGKILL last, waiting `patience_s` after each for all of them to go."""
    alive = [process for process in processes if is_alive(process)]
    for number in (*signals, signal.SIGKILL):
        for process in alive:
            _send(process, number)
        wait_until(lambda: not any(map(is_alive, alive)), within_s=patience_s)  # noqa: B023 used at once
        alive = [process for process in alive if is_alive(process)]


def is_alive(process: psutil.Process) -> bool:
    """A zombie is not: it waits for a parent that may never ask."""
    with suppress(psutil.NoSuchProcess):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


def parent_of(process: psutil.Process) -> int | None:
    """Give the number of a process's parent; None when it has ended meanwhile."""
    with suppress(psutil.NoSuchProcess):
        return int(process.ppid())
    return None


def _send(process: psutil.Process, number: signal.Signals) -> None:
    with suppress(psutil.NoSuchProcess):
        process.send_signal(number)


@dataclass(frozen=True)
class Server:
    """`url_admin` may do anything; `url` is what the product uses (the same for Valkey).

    `data` is its own folder, `note` a line for the person who started it, or empty.
    """

    url: str
    url_admin: str
    port: int
    process: subprocess.Popen[bytes]
    stop_signals: tuple[signal.Signals, ...]
    data: Path
    note: str

    def is_running(self) -> bool:
        return self.process.poll() is None

    def stop(self) -> None:
        """Stop it in good order, at the worst by SIGKILL; returns when it is gone."""
        if self.is_running():
            end([psutil.Process(self.process.pid)], *self.stop_signals)
        self.process.wait()


def working_in(folder: Path, program: str) -> list[psutil.Process]:
    """Processes named `program` whose working folder is `folder`: an earlier server of ours, never a stranger's."""
    here = str(folder.resolve())
    return [process for process in psutil.process_iter() if _works_in(process, here, program)]


def _works_in(process: psutil.Process, folder: str, program: str) -> bool:
    try:
        return bool(process.name() == program and process.cwd() == folder)
    except psutil.Error:
        return False


def last_lines(log: Path, count: int = 15) -> str:
    """The end of a log, for a message about a failure."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 16_384))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-count:])


def wait_until(holds: Callable[[], bool], *, within_s: float, pause_s: float = 0.05) -> bool:
    """Whether `holds` came true within `within_s` seconds."""
    deadline = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause_s)
    return True
