"""How many batches of one workspace are stored at once on a machine, by all its web processes together.

One more than a machine of two cores can serve, since one mostly waits for another's days or for the disk; more would
keep the cores from whoever could go on. Semaphores of the kernel serve in order and take back what a killed process
held. They guard speed and nothing else: where none is to be had, a batch goes on without.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from multiprocessing.util import Finalize
from time import sleep

import structlog
import sysv_ipc
from flask import current_app

LANES = 3
_MAKING_S = 0.05  # the kernel makes a semaphore shut, and sets it in a second call
_log = structlog.get_logger()
_semaphores: dict[int, sysv_ipc.Semaphore] = {}


@contextmanager
def lane(workspace_id: int) -> Iterator[None]:
    """Hold one of the workspace's lanes inside the block."""
    semaphore = _enter(_key_of(workspace_id))
    try:
        yield
    finally:
        if semaphore is not None:
            with suppress(sysv_ipc.ExistentialError):
                semaphore.release()


def leave() -> None:
    """Take the semaphores away that this process knows; others that still need them make them anew."""
    while _semaphores:
        with suppress(sysv_ipc.Error):
            _semaphores.popitem()[1].remove()


Finalize(None, leave, exitpriority=1)  # not atexit: the processes of granian end without it


def _key_of(workspace_id: int) -> int:
    """Number a workspace of this installation, whose processes share a secret."""
    digest = sha256(f"{LANES} lanes {current_app.secret_key!s} {workspace_id}".encode()).digest()
    return int.from_bytes(digest[:4], "big") & 0x7FFFFFFF


def _enter(key: int, tries: int = 2) -> sysv_ipc.Semaphore | None:
    try:
        semaphore = _semaphores.get(key) or _semaphores.setdefault(key, _open(key))
        semaphore.acquire()
    except sysv_ipc.ExistentialError:  # another process went, and took it away
        _semaphores.pop(key, None)
        return _enter(key, tries - 1) if tries > 1 else None
    except (sysv_ipc.Error, OSError) as error:
        _log.warning("no_lane", error=repr(error))
        return None
    return semaphore


def _is_shut(semaphore: sysv_ipc.Semaphore) -> bool:
    return bool(semaphore.value == 0 and semaphore.o_time == 0)


def _open(key: int) -> sysv_ipc.Semaphore:
    try:
        semaphore = sysv_ipc.Semaphore(key, sysv_ipc.IPC_CREX, 0o600, LANES)
    except sysv_ipc.ExistentialError:
        semaphore = sysv_ipc.Semaphore(key)
        if _is_shut(semaphore):
            sleep(_MAKING_S)
            if _is_shut(semaphore):  # its maker was killed before it let anybody in
                semaphore.value = LANES
    semaphore.undo = True
    return semaphore
