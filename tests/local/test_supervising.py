import os
import signal
import sys

import psutil
import pytest

from app.local.processes import wait_until
from app.local.supervising import Child, run, sole

SUPERVISE = """
    import sys
    from pathlib import Path
    from app.local.ports import any_free_port
    from app.local.screen import say
    from app.local.supervising import Child, run, sole
    folder, port = Path(sys.argv[1]), any_free_port()
    web = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", str(folder), str(port)]
    nested = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(600)', sys.argv[1]])"
    with sole(folder):
        code = run(
            [Child("web", web, port=port), Child("nested", [sys.executable, "-c", nested, str(folder)])],
            folder=folder, when_up=lambda: say("up"), patience_s=5,
        )
    sys.exit(code)
"""
STUBBORN = """
    import sys
    from pathlib import Path
    from app.local.supervising import Child, run, sole
    code = "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    folder = Path(sys.argv[1])
    with sole(folder):
        run([Child("deaf", [sys.executable, "-u", "-c", code, str(folder)])], folder=folder, patience_s=float(sys.argv[2]))
"""


@pytest.fixture
def supervisor(tmp_path, script):
    process = script(SUPERVISE, tmp_path)
    assert process.stdout.readline() == "up\n"
    return process


def child_of(supervisor, word):
    return next(child for child in psutil.Process(supervisor.pid).children() if word in " ".join(child.cmdline()))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_signal_ends_every_child_and_grandchild_and_exits_with_zero(supervisor, remains, number):
    assert len(remains()) == 4
    supervisor.send_signal(number)
    assert supervisor.wait(timeout=30) == 0
    assert remains() == []


def test_children_die_with_a_killed_supervisor_and_the_next_one_ends_what_is_left(supervisor, tmp_path, remains):
    supervisor.kill()
    supervisor.wait()
    with sole(tmp_path):
        assert remains() == []


def test_a_dead_child_is_started_again_and_the_end_of_its_log_shown(supervisor):
    first = child_of(supervisor, "http.server")
    first.kill()
    assert "web ended (signal 9)" in supervisor.stdout.readline()
    assert wait_until(lambda: has_web(supervisor), within_s=30)
    assert child_of(supervisor, "http.server").pid != first.pid


def has_web(supervisor):
    return any("http.server" in child.cmdline() for child in psutil.Process(supervisor.pid).children())


def test_a_grandchild_does_not_outlive_its_killed_parent(supervisor, tmp_path):
    parent = child_of(supervisor, "subprocess")
    grandchild = parent.children()[0]
    parent.kill()
    assert wait_until(lambda: not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE, within_s=30)


@pytest.mark.parametrize(("patience_s", "signals"), [(0.5, 1), (600, 2)])
def test_a_child_deaf_to_sigterm_is_killed_after_the_patience_or_at_the_second_ctrl_c(
    tmp_path, script, remains, patience_s, signals
):
    process = script(STUBBORN, tmp_path, patience_s)
    log = tmp_path / "logs" / "deaf.log"
    assert wait_until(lambda: log.exists() and log.read_text() == "deaf\n", within_s=30)
    process.send_signal(signal.SIGINT)
    if signals == 2:
        assert not wait_until(lambda: process.poll() is not None, within_s=1)
        process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 0
    assert remains() == []


def test_a_child_that_keeps_failing_is_tried_again_after_ever_longer_pauses(tmp_path, capsys):
    tries = tmp_path / "tries"
    code = "import os, signal, sys; f = open(sys.argv[1], 'a'); f.write('x'); f.close(); print('out of luck')"
    code += "; os.path.getsize(sys.argv[1]) == 3 and os.kill(os.getppid(), signal.SIGTERM); sys.exit(3)"
    assert run([Child("hapless", [sys.executable, "-c", code, str(tries)])], folder=tmp_path) == 0
    said = capsys.readouterr().out
    assert "hapless ended (exit code 3); starting it again in 1 s." in said
    assert "starting it again in 2 s." in said
    assert "  hapless | out of luck" in said


def test_a_second_supervisor_of_a_folder_is_refused_and_told_who_runs(tmp_path):
    with sole(tmp_path), pytest.raises(RuntimeError, match=f"process {os.getpid()}"), sole(tmp_path):
        pass


def test_a_childs_environment_is_ours_and_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("OURS", "1")
    code = "import os, signal; print(os.environ['OURS'], os.environ['ITS'], flush=True); os.kill(os.getppid(), signal.SIGTERM)"
    run([Child("speaker", [sys.executable, "-c", code], {"ITS": "2"})], folder=tmp_path)
    assert (tmp_path / "logs" / "speaker.log").read_text() == "1 2\n"
