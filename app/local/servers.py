"""The database and the queue that Perennial runs on: those the environment names, else embedded ones.

    with servers(Path(".perennial")) as urls:
        create_engine(urls.database)

Several processes may say so for one folder: they share the servers, and the last to leave stops them.
"""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from .keeping import kept
from .places import refuse_foreign


@dataclass(frozen=True)
class Urls:
    """`database` is bound by row security; `database_admin` may create databases and roles."""

    database: str
    database_admin: str
    redis: str


@contextmanager
def servers(data_dir: Path, *, temporary: bool = False) -> Iterator[Urls]:
    """What DATABASE_URL and REDIS_URL name; for each that is not set, an embedded server with its data in `data_dir`.

    DATABASE_ADMIN_URL may name a stronger role beside DATABASE_URL; only tests need one.
    Raises RuntimeError with the reason when a server does not start.
    """
    folder = data_dir.expanduser().absolute()
    refuse_foreign(folder)
    with ExitStack() as stack:
        database, admin = _database(stack, folder, temporary=temporary)
        yield Urls(database, admin, _redis(stack, folder, temporary=temporary))


def shared_servers(folder: Path) -> AbstractContextManager[Urls]:
    """For a test run: like `servers`, and the last process to leave removes the data."""
    return servers(folder, temporary=True)


def _database(stack: ExitStack, folder: Path, *, temporary: bool) -> tuple[str, str]:
    if given := os.environ.get("DATABASE_URL"):
        return given, os.environ.get("DATABASE_ADMIN_URL") or given
    urls = stack.enter_context(kept("postgres", folder, temporary=temporary))
    return urls["url"], urls["url_admin"]


def _redis(stack: ExitStack, folder: Path, *, temporary: bool) -> str:
    if given := os.environ.get("REDIS_URL"):
        return given
    return str(stack.enter_context(kept("valkey", folder, temporary=temporary))["url"])
