"""Keeps the product's processes running, and leaves none of them behind.

with sole(data_dir), servers(data_dir) as urls:
    ...                                            # migrate, make the demo
    return run([Child("web", [...], port=8000), Child("worker", [...])], folder=data_dir, when_up=greet)
"""

import fcntl
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen

import psutil

from .ports import is_answered
from .processes import PATIENCE_S, end, last_lines, launch
from .screen import say

MARK = "PERENNIAL_SUPERVISED_IN"  # in the environment of each child and of its children, so that they can be told
GLANCE_S = 0.2
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
STEADY_S = 30.0  # a child that lived this long starts again without delay
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Child:
    """One process to keep running. `env` is added to ours; it counts as up when loopback `port` answers."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    port: int | None = None


@contextmanager
def sole(folder: Path) -> Iterator[None]:
    """Be the only supervisor of `folder`; ends first what one that was killed may have left running.

    Raises RuntimeError naming the other's process id when there is one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "supervisor.pid").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise RuntimeError(f"Perennial already runs from {folder} (process {file.read().strip()}).") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        end(_marked(folder), signal.SIGTERM)
        yield


def run(
    children: Sequence[Child],
    *,
    folder: Path,
    when_up: Callable[[], None] | None = None,
    patience_s: float = PATIENCE_S,
) -> int:
    """Run `children` until SIGINT, SIGTERM or SIGHUP, then stop them all; returns the exit code, 0.

    A child that ends is started again, after a pause that doubles while it keeps ending. What it says goes to
    `folder`/logs/<name>.log, and the end of that to the screen when it fails. Stopping: SIGTERM first, SIGKILL after
    `patience_s` or at the second Ctrl-C. Call from the main thread.
    """
    posts = [_Post(child, folder) for child in children]
    with _listening() as asked:
        try:
            for post in posts:
                post.start()
            while not asked:
                if when_up is not None and all(post.is_up() for post in posts):
                    when_up()
                    when_up = None
                for post in posts:
                    post.look()
                time.sleep(GLANCE_S)
        finally:
            _stop(posts, asked, patience_s)
    return 0


class _Post:
    """A child's place: the process that fills it now, and when it may be filled again."""

    def __init__(self, child: Child, folder: Path) -> None:
        self.child = child
        self.folder = folder
        self.log = folder / "logs" / f"{child.name}.log"
        self.process: Popen[bytes] | None = None
        self.pause_s = FIRST_PAUSE_S
        self.changed_at = 0.0  # monotonic: the last start, or the last end

    def start(self) -> None:
        """SIGTERM, not SIGKILL, when the supervisor dies: so the child can stop its own children."""
        env = {**os.environ, **self.child.env, MARK: str(self.folder.resolve())}
        argv = list(self.child.argv)
        self.process = launch(argv, log=self.log, ends_with=signal.SIGTERM, env=env, cwd=Path.cwd())
        self.changed_at = time.monotonic()

    def is_up(self) -> bool:
        running = self.process is not None and self.process.poll() is None
        return running and (self.child.port is None or is_answered(self.child.port))

    def look(self) -> None:
        """Notice an end; start again when the pause is over."""
        if self.process is None:
            if time.monotonic() - self.changed_at >= self.pause_s:
                self.start()
        elif self.process.poll() is not None:
            self._mourn(self.process)

    def _mourn(self, process: Popen[bytes]) -> None:
        end(_session(process.pid), signal.SIGTERM, patience_s=5)  # what it left behind may hold its port
        lived_s = time.monotonic() - self.changed_at
        self.pause_s = FIRST_PAUSE_S if lived_s >= STEADY_S else min(self.pause_s * 2, LONGEST_PAUSE_S)
        self.process, self.changed_at = None, time.monotonic()
        say(f"{self.child.name} ended ({_how(process.returncode)}); starting it again in {self.pause_s:g} s.")
        for line in last_lines(self.log).splitlines():
            say(f"  {self.child.name} | {line}")


def _how(returncode: int) -> str:
    return f"exit code {returncode}" if returncode >= 0 else f"signal {-returncode}"


@contextmanager
def _listening() -> Iterator[list[int]]:
    """The stop signals received so far."""
    asked: list[int] = []
    with ExitStack() as stack:
        for number in STOP_SIGNALS:
            stack.callback(signal.signal, number, signal.signal(number, lambda got, _: asked.append(got)))
        yield asked


def _stop(posts: Sequence[_Post], asked: list[int], patience_s: float) -> None:
    """First the children themselves, each in charge of its own; then whatever is left in their sessions."""
    processes = [post.process for post in posts if post.process is not None]
    for process in processes:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
    heard, deadline = len(asked), time.monotonic() + patience_s
    while any(process.poll() is None for process in processes):
        if time.monotonic() > deadline or len(asked) > max(heard, 1):
            break
        time.sleep(GLANCE_S / 4)
    left = [member for process in processes for member in _session(process.pid)]
    end(left, patience_s=2)
    for process in processes:
        process.wait()


def _session(leader: int) -> list[psutil.Process]:
    """All living processes of the session that `leader` opened, also after its own end."""
    return [process for process in psutil.process_iter() if _session_of(process.pid) == leader]


def _session_of(pid: int) -> int | None:
    with suppress(ProcessLookupError, PermissionError):
        return os.getsid(pid)
    return None


def _marked(folder: Path) -> list[psutil.Process]:
    """Processes that a supervisor of `folder` started, whoever runs them now."""
    return [process for process in psutil.process_iter() if _mark_of(process) == str(folder.resolve())]


def _mark_of(process: psutil.Process) -> str:
    with suppress(psutil.Error, OSError):
        return str(process.environ().get(MARK, ""))
    return ""
