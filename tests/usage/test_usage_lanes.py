"""Lanes: a few batches of a workspace at once on a machine, whichever processes they came to; never a reason to fail."""

import secrets
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier
from time import sleep

import pytest
import sysv_ipc
from flask import Flask

from app.usage.intake import lanes

HOLDER = """
import sys, time
from contextlib import ExitStack
from flask import Flask
from app.usage.intake.lanes import LANES, lane
app = Flask("holder")
app.secret_key = sys.argv[1]
with app.app_context(), ExitStack() as stack:
    for _ in range(LANES):
        stack.enter_context(lane(1))
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def installation():
    """An installation with a secret of its own, so that its lanes are nobody else's."""
    made = Flask("installation")
    made.secret_key = secrets.token_hex()
    with made.app_context():
        yield made
    lanes.leave()


@pytest.fixture
def holder(installation):
    """Another process of the installation that holds all lanes of workspace 1."""
    argv = [sys.executable, "-c", HOLDER, installation.secret_key]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        key = lanes._key_of(1)
        lanes._semaphores[key] = lanes._open(key)  # to be taken away after the test
        yield process
        process.kill()


def has_lane(installation, workspace_id=1):
    """Tell whether a lane is free."""
    with installation.app_context():
        key = lanes._key_of(workspace_id)
    lanes._semaphores.setdefault(key, lanes._open(key))
    semaphore = sysv_ipc.Semaphore(key)
    semaphore.block = False
    try:
        semaphore.acquire()
    except sysv_ipc.BusyError:
        return False
    semaphore.release()
    return True


def test_so_many_at_once_and_the_others_wait_for_their_turn(installation):
    inside, most, begin = [], [], Barrier(6)

    def work(n):
        with installation.app_context():
            begin.wait()
            for _ in range(30):
                with lanes.lane(1):
                    inside.append(n)
                    most.append(len(inside))
                    sleep(0.001)
                    inside.remove(n)
        return n

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(work, range(6))) == list(range(6))
    assert max(most) == lanes.LANES
    assert has_lane(installation)


def test_lanes_are_shared_by_all_processes_and_a_killed_one_gives_its_own_back(installation, holder):
    assert not has_lane(installation)
    holder.kill()
    holder.wait()
    assert has_lane(installation)


def test_another_workspace_and_another_installation_have_lanes_of_their_own(installation, holder):
    other = Flask("other")
    other.secret_key = secrets.token_hex()
    assert has_lane(installation, 2)
    assert has_lane(other)


def test_lanes_that_another_process_took_away_are_made_anew(installation):
    with lanes.lane(1):
        pass
    sysv_ipc.Semaphore(lanes._key_of(1)).remove()
    with ExitStack() as stack:
        for _ in range(lanes.LANES):
            stack.enter_context(lanes.lane(1))
        assert not has_lane(installation)
    assert has_lane(installation)


def test_lanes_taken_away_from_under_a_batch_harm_it_not(installation):
    with lanes.lane(1):
        lanes.leave()
    assert has_lane(installation)


def test_a_machine_that_gives_no_semaphores_takes_batches_all_the_same(installation, monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(lanes.sysv_ipc, "Semaphore", refuse)
    with ExitStack() as stack:
        for _ in range(lanes.LANES + 1):
            stack.enter_context(lanes.lane(1))
        assert not lanes._semaphores


def test_lanes_whose_maker_was_killed_before_it_opened_them_are_opened(installation):
    sysv_ipc.Semaphore(lanes._key_of(1), sysv_ipc.IPC_CREX, 0o600, 0)
    assert has_lane(installation)


def test_nothing_is_left_behind(installation):
    key = lanes._key_of(1)
    with lanes.lane(1):
        pass
    lanes.leave()
    with pytest.raises(sysv_ipc.ExistentialError):
        sysv_ipc.Semaphore(key)
