"""Makes .venv hold the pinned packages and the page assets. `make` runs this with the machine's own Python.

    python3 -I app/local/environment.py run|test

Needs only the standard library, and syntax that an old Python still reads, so that it can say that it is too old.
When nothing changed since last time it returns at once.
"""

import hashlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
ASSETS = ROOT / "app" / "core" / "static" / "vendor" / "package-lock.sha256"
OLDEST = (3, 11)
INPUTS = ("requirements.lock", "pyproject.toml", "package-lock.json", "app/local/assets.py", "app/local/environment.py")


def make_environment(extra: str) -> None:
    """Set up for `extra`: "run", or "test" which includes it. Exits with a message when it cannot."""
    wanted = _fingerprint()
    if wanted in (_stamp("test"), _stamp(extra)) and ASSETS.is_file():
        return
    _refuse_what_cannot_work()
    if not _is_usable():
        say("Making the environment in .venv with Python " + sys.version.split()[0])
        _do(sys.executable, "-m", "venv", "--clear", str(VENV))
    say("Installing the pinned packages (a minute or two the first time)")
    target = ".[test]" if extra == "test" else "."
    pip = ("-m", "pip", "install", "-qq", "--no-input", "--disable-pip-version-check")
    _do(_python(), *pip, "--constraint", "requirements.lock", "--editable", target)
    say("Fetching the page assets")
    _do(_python(), "-I", str(ROOT / "app" / "local" / "assets.py"))
    _place().write_text(str(ROOT))
    _stamp_file(extra).write_text(wanted)


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _fingerprint() -> str:
    """Of all that the environment is made from, where it stands included: a moved one no longer works."""
    content = b"\0".join((ROOT / name).read_bytes() for name in INPUTS)
    return hashlib.sha256(content + os.fsencode(str(ROOT))).hexdigest()


def _stamp_file(extra: str) -> Path:
    return VENV / (".ready-" + extra)


def _stamp(extra: str) -> str:
    return _stamp_file(extra).read_text() if _stamp_file(extra).is_file() and Path(_python()).exists() else ""


def _place() -> Path:
    return VENV / ".place"


def _python() -> str:
    return str(VENV / "bin" / "python")


def _refuse_what_cannot_work() -> None:
    if sys.version_info < OLDEST:
        found = sys.version.split()[0]
        raise SystemExit(
            "Perennial needs Python 3.11 or newer, and " + sys.executable + " is " + found + ".\n"
            "Install a newer one and name it: make PYTHON=python3.12 run"
        )
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        raise SystemExit("This Python lacks its venv module. On Debian and Ubuntu: apt-get install python3-venv")
    if VENV.exists() and not os.access(str(VENV), os.W_OK):
        raise SystemExit(str(VENV) + " belongs to another user: run as that user, or remove it.")


def _is_usable() -> bool:
    """It stands where it was made, and its Python starts and has pip."""
    if not Path(_python()).exists() or (_place().is_file() and _place().read_text() != str(ROOT)):
        return False
    return subprocess.run([_python(), "-m", "pip", "--version"], check=False, stdout=subprocess.DEVNULL).returncode == 0  # noqa: S603


def _do(*argv: str) -> None:
    done = subprocess.run(argv, check=False, cwd=str(ROOT), stdin=subprocess.DEVNULL)  # noqa: S603 our own words
    if done.returncode != 0:
        raise SystemExit("The set-up failed: " + " ".join(argv))


if __name__ == "__main__":
    try:
        make_environment(sys.argv[1])
    except KeyboardInterrupt:
        raise SystemExit(130) from None
