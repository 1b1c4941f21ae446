"""Workspaces kept apart by PostgreSQL itself.

Each transaction begins by telling PostgreSQL whose it is; row-level security does the rest. A query that
forgets its filter sees one workspace; a transaction that belongs to nobody sees no rows.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

from sqlalchemy import BigInteger, ForeignKeyConstraint, Identity, event, text
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.extensions import db


@dataclass(frozen=True)
class Scope:
    """On whose behalf the present request, job or command works. `dispatching`: may see job rows of all."""

    workspace_id: int | None = None
    user_id: int | None = None
    dispatching: bool = False


_NOBODY = Scope()
_scope: ContextVar[Scope] = ContextVar("scope", default=_NOBODY)

_TELL = (
    "SELECT set_config('app.workspace_id', %(workspace_id)s, true), set_config('app.user_id', %(user_id)s, true),"
    " set_config('app.dispatching', %(dispatching)s, true)"
)
_CURRENT_WORKSPACE = text("NULLIF(current_setting('app.workspace_id', true), '')::bigint")


class TenantKey:
    """Mixin: the workspace is the first column of every key, filled by PostgreSQL from the transaction."""

    workspace_id: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, autoincrement=False, server_default=_CURRENT_WORKSPACE, sort_order=-2
    )


class Tenant(TenantKey):
    """Mixin for a tenant table with its own number: primary key (workspace_id, id)."""

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True, sort_order=-1)


def refers_to(target: str, *columns: str, key: str = "id", ondelete: str | None = "CASCADE") -> ForeignKeyConstraint:
    """Declare a foreign key that cannot cross workspaces: (workspace_id, column) → target(workspace_id, key)."""
    keys = (key,) if len(columns) == 1 else columns
    if ondelete == "SET NULL":
        ondelete = f"SET NULL ({', '.join(columns)})"
    return ForeignKeyConstraint(
        ("workspace_id", *columns),
        (f"{target}.workspace_id", *(f"{target}.{name}" for name in keys)),
        ondelete=ondelete,
    )


def current_scope() -> Scope:
    """Give the scope in force."""
    return _scope.get()


def workspace_id() -> int:
    """Give the workspace in force. Raises RuntimeError when there is none."""
    found = _scope.get().workspace_id
    if found is None:
        raise RuntimeError("no workspace is in force: enter one with tenancy.workspace(id)")
    return found


def enter(scope: Scope) -> None:
    """Put `scope` in force from here on, also in a transaction that has already begun."""
    _scope.set(scope)
    if db.session.registry.has() and db.session().in_transaction():
        db.session.connection().exec_driver_sql(_TELL, _settings(scope))


def enter_workspace(workspace_id: int | None) -> None:
    """Work for a workspace from here on, as the same person."""
    enter(replace(_scope.get(), workspace_id=workspace_id))


@contextmanager
def workspace(workspace_id: int, user_id: int | None = None) -> Iterator[None]:
    """Work for one workspace inside the block."""
    with _in_force(Scope(workspace_id=workspace_id, user_id=user_id)):
        yield


@contextmanager
def dispatching() -> Iterator[None]:
    """See the job and timetable rows of all workspaces inside the block, and nothing else of theirs."""
    with _in_force(Scope(dispatching=True)):
        yield


@contextmanager
def _in_force(scope: Scope) -> Iterator[None]:
    before = _scope.get()
    enter(scope)
    try:
        yield
    except BaseException:
        db.session.rollback()  # nothing of this scope may run on in the next
        _scope.set(before)
        raise
    enter(before)


def tell_each_transaction() -> None:
    """Have every transaction of every session begin by naming its workspace."""
    if not event.contains(Session, "after_begin", _tell):
        event.listen(Session, "after_begin", _tell)


def _tell(_session: Session, _transaction: object, connection: Connection) -> None:
    connection.exec_driver_sql(_TELL, _settings(_scope.get()))


def refuse_roles_that_see_all(connection: Connection) -> None:
    """Raise RuntimeError when the database role would pass under row security."""
    name, superuser, bypass = connection.execute(
        text("SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
    ).one()
    if superuser or bypass:
        raise RuntimeError(
            f"the database role {name!r} is {'a superuser' if superuser else 'exempt from row security'}, so workspaces"
            " would not be kept apart. Make one that is not, and own the database with it:\n"
            "  CREATE ROLE perennial LOGIN PASSWORD '…' NOSUPERUSER NOBYPASSRLS;\n"
            "  CREATE DATABASE perennial OWNER perennial;\n"
            "then set DATABASE_URL=postgresql://perennial:…@host/perennial"
        )


def _settings(scope: Scope) -> dict[str, str]:
    return {
        "workspace_id": "" if scope.workspace_id is None else str(scope.workspace_id),
        "user_id": "" if scope.user_id is None else str(scope.user_id),
        "dispatching": "on" if scope.dispatching else "",
    }
