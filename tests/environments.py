"""Environments of other people's packages, for tests that run them as processes of their own; we import none of them.

Each is made once, under .perennial-test/, and kept by what it is made of: other pins are another environment. Where
one cannot be made (no network, say) the test that asked is skipped; where CI is set it fails.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from app.local.assets import _npm

ROOT = Path(__file__).parents[1]
KEPT = ROOT / ".perennial-test"
PATIENCE_S = 600
_IS_MADE = ".is-made"


def python_environment(*pins: str) -> Path:
    """Give the Python of a virtual environment that holds `pins`, such as "stripe==16.1.0"."""
    return _environment("python", pins, _make_python) / "bin" / "python"


def node_environment(*pins: str) -> Path:
    """Give a folder whose node_modules holds `pins`, such as "posthog-node@5.70.0"; scripts in it may import them."""
    return _environment("node", pins, _make_node)


def node() -> str:
    """Give the Node that runs what `node_environment` made: the machine's own, else the one npm came with."""
    return shutil.which("node") or _npm()[0]


def _environment(kind: str, pins: Sequence[str], make: Callable[[Path, Sequence[str]], None]) -> Path:
    folder = KEPT / f"{kind}-{_fingerprint(kind, pins)}"
    KEPT.mkdir(exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:  # several workers of one run may ask at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / _IS_MADE).exists():
            shutil.rmtree(folder, ignore_errors=True)
            try:
                make(folder, pins)
            except (subprocess.SubprocessError, OSError) as error:
                _give_up(pins, error)
            (folder / _IS_MADE).write_text("\n".join(pins))
    return folder


def _fingerprint(kind: str, pins: Sequence[str]) -> str:
    """Of what it is made of, and of where it stands: a virtual environment does not survive being moved."""
    told = json.dumps([kind, sorted(pins), sys.version, str(KEPT)])
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _make_python(folder: Path, pins: Sequence[str]) -> None:
    _run([sys.executable, "-m", "venv", str(folder)])
    pip = ("-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check")
    _run([str(folder / "bin" / "python"), *pip, *pins])


def _make_node(folder: Path, pins: Sequence[str]) -> None:
    folder.mkdir()
    (folder / "package.json").write_text('{"private": true, "type": "module"}')
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--no-update-notifier")
    _run([*_npm(), "install", "--save-exact", *quiet, *pins], cwd=folder)


def _run(argv: Sequence[str], cwd: Path = ROOT) -> None:
    subprocess.run(
        argv, cwd=cwd, check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S
    )


def _give_up(pins: Sequence[str], error: Exception) -> None:
    said = str(getattr(error, "stderr", "") or error).strip().splitlines()[-1:]
    words = f"There is no environment with {', '.join(pins)} on this machine: {' '.join(said)}"
    (pytest.fail if os.environ.get("CI") else pytest.skip)(words)
