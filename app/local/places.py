"""Who the embedded servers run as, and where their data and programs lie.

PostgreSQL refuses to run as root. As root both servers therefore run as a system account of their own, which
must be able to enter the data folder and the folder of the programs. A folder it cannot enter (a clone below
/root, say) is never opened up to the whole machine: the data, or a copy of the programs, goes elsewhere.
"""

import hashlib
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from .processes import Identity

ACCOUNT = "perennial"
SYSTEM_FOLDER = Path("/var/lib/perennial")


@dataclass(frozen=True)
class Place:
    """Where one server lives. `note` is empty, or one line for the person who started it."""

    data: Path
    programs: Path
    identity: Identity
    note: str


def place_for(kind: str, folder: Path, wheel: str, *, temporary: bool = False) -> Place:
    """Where the server `kind` ("postgres" or "valkey") of `folder` lives; creates its account and folders.

    `programs` is the folder that holds the installed package of `wheel`.
    Raises RuntimeError when root has no account to drop to and cannot make one.
    """
    identity = server_identity()
    data = _data_folder(folder, identity, temporary=temporary)
    programs = _programs_folder(wheel, identity)
    moved = data != folder and not temporary
    note = (
        f"The data is kept in {data}: the account {ACCOUNT}, which runs the servers, cannot enter {folder}."
        if moved
        else ""
    )
    return Place(_owned(data / kind, identity), programs, identity, note)


def server_identity() -> Identity:
    """Ourselves, or the system account when we are root."""
    if os.geteuid() != 0:
        return Identity(os.geteuid(), os.getegid())
    entry = _find_account() or _made_account()
    return Identity(entry.pw_uid, entry.pw_gid)


def password(path: Path) -> str:
    """The password kept in `path` (mode 0600), drawn at random the first time."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(32))
        fresh.replace(path)
    return path.read_text().strip()


def _find_account() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        return None


def _made_account() -> pwd.struct_passwd:
    """Two servers starting at once may both try: whoever loses finds the winner's account."""
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is None:
        raise RuntimeError(f"As root the servers need a system account named {ACCOUNT}, and there is no useradd.")
    command = [useradd, "--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"]
    for _ in range(5):
        made = subprocess.run([*command, ACCOUNT], check=False, capture_output=True, text=True)  # noqa: S603 our own words
        if entry := _find_account():
            return entry
        time.sleep(0.3)
    raise RuntimeError(f"Could not make the system account {ACCOUNT}: {made.stderr.strip()}")


def _data_folder(folder: Path, identity: Identity, *, temporary: bool) -> Path:
    if identity.can_enter(folder):
        return folder
    name = f"{folder.name.lstrip('.') or 'data'}-{hashlib.sha256(bytes(folder)).hexdigest()[:12]}"
    elsewhere = (Path(tempfile.gettempdir()) if temporary else SYSTEM_FOLDER) / name
    elsewhere.mkdir(mode=0o755, parents=True, exist_ok=True)
    if elsewhere.stat().st_uid != os.geteuid():
        raise RuntimeError(f"{elsewhere} belongs to somebody else; remove it or choose another data folder.")
    return elsewhere


def _programs_folder(wheel: str, identity: Identity) -> Path:
    """The site-packages folder that holds `wheel`, or a copy that the servers' account can enter."""
    spec = find_spec(wheel)
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(f"The package {wheel} is not installed: run `make run` to set the environment up.")
    installed = Path(spec.submodule_search_locations[0])
    if identity.can_enter(installed):
        return installed.parent
    return _copied(installed, SYSTEM_FOLDER / f"{wheel}-{version(wheel)}")


def _copied(installed: Path, target: Path) -> Path:
    """A copy of a package with the shared libraries beside it, made whole or not at all."""
    if target.exists():
        return target
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=target.parent))
    fresh.chmod(0o755)
    for source in installed.parent.glob(f"{installed.name}*"):
        if source.name in {installed.name, f"{installed.name}.libs"}:
            shutil.copytree(source, fresh / source.name, symlinks=True)
    try:
        fresh.rename(target)
    except OSError:  # somebody else's copy arrived first
        shutil.rmtree(fresh)
    return target


def refuse_foreign(folder: Path) -> None:
    """Raise RuntimeError when the data in `folder` are another user's: taking them over would lock that user out."""
    if folder.exists() and folder.stat().st_uid != os.geteuid() and any(folder.iterdir()):
        owner = folder.stat().st_uid
        raise RuntimeError(f"{folder} belongs to user {owner}: run as that user, or choose another data folder.")


def _owned(folder: Path, identity: Identity) -> Path:
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != identity.uid:
        os.chown(folder, identity.uid, identity.gid)
    return folder
