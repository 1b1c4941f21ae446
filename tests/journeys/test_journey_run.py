"""`perennial run`, from an empty folder to Ctrl-C."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from app.local.ports import any_free_port
from app.local.processes import wait_until
from tests.product import PERENNIAL, ROOT, Person


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the account of the embedded servers may enter too."""
    made = Path(tempfile.mkdtemp(prefix="perennial-run-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@contextmanager
def running(folder: Path, port: int) -> Iterator[None]:
    """Run the product in `folder`, and end it as Ctrl-C does: the signal, then code 0 and no process left."""
    servers = {"DATABASE_URL", "DATABASE_ADMIN_URL", "REDIS_URL"}
    environment = {name: value for name, value in os.environ.items() if name not in servers}
    with (folder / "said.txt").open("a") as said:
        process = subprocess.Popen(
            [PERENNIAL, "run", "--port", str(port), "--accounts", "40"],
            cwd=ROOT, stdout=said, stderr=said, env=environment | {"PERENNIAL_DATA": str(folder / "data")},
        )  # fmt: skip
    try:
        assert wait_until(lambda: process.poll() is not None or _is_ready(port), within_s=180, pause_s=0.2)
        assert process.poll() is None, (folder / "said.txt").read_text()
        yield
    finally:
        process.send_signal(signal.SIGINT)
        code = process.wait(timeout=60)
    assert (code, _remains(folder)) == (0, [])


def test_a_fresh_folder_gives_a_demo_a_second_start_keeps_its_data_and_ctrl_c_leaves_nothing(folder):
    port = any_free_port()
    with running(folder, port), _admin(folder, port) as ada:
        assert "What to do" in ada.read("/")
        ada.post("/account/name", on="/account", name="Ada Renamed")
    with running(folder, port), _admin(folder, port) as ada:
        assert "Ada Renamed" in ada.read("/account")
    said = (folder / "said.txt").read_text()
    assert len(re.findall("Perennial is open at", said)) == 2
    assert len(re.findall("Simulating", said)) == 1


@contextmanager
def _admin(folder: Path, port: int) -> Iterator[Person]:
    kept = json.loads((folder / "data" / "secrets" / "demo-sign-ins").read_text())
    email = next(address for address in kept if address.startswith("ines@"))
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", follow_redirects=True, timeout=60) as browser:
        person = Person(browser)
        assert person.post("/sign-in", email=email, password=kept[email]).url.path == "/"
        yield person


def _is_ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=10).status_code == 200
    except httpx.TransportError:
        return False


def _remains(folder: Path) -> list[str]:
    """Give the processes that speak of the folder in their command, or work in it."""
    found = []
    for process in psutil.process_iter(["pid", "cmdline", "cwd", "environ", "status"]):
        told = [*(process.info["cmdline"] or []), process.info["cwd"] or "", *(process.info["environ"] or {}).values()]
        if process.info["status"] != psutil.STATUS_ZOMBIE and any(str(folder) in each for each in told):
            found.append(" ".join(process.info["cmdline"] or []))
    return found
