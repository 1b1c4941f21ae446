"""Imports, what they refused, and what contradicts itself in what they took."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, LargeBinary, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.core.tenancy import Tenant, refers_to
from app.extensions import Model


class Import(Tenant, Model):
    """A set of files brought in together. States: mapping, waiting, running, done, failed, cancelled."""

    __tablename__ = "import"
    state: Mapped[str] = mapped_column(default="mapping", server_default="mapping")
    name: Mapped[str]
    day_first: Mapped[bool | None]
    job_id: Mapped[int | None]
    created_by: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]
    __table_args__ = (Index("ix_import_recent", "workspace_id", "created_at"),)


class ImportFile(Tenant, Model):
    """One file: what it is, how its columns are read, and what became of its rows."""

    __tablename__ = "import_file"
    import_id: Mapped[int]
    name: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    digest: Mapped[str]
    kind: Mapped[str | None]
    mapping: Mapped[dict[str, Any]]
    rows: Mapped[int] = mapped_column(default=0, server_default="0")
    added: Mapped[int] = mapped_column(default=0, server_default="0")
    updated: Mapped[int] = mapped_column(default=0, server_default="0")
    unchanged: Mapped[int] = mapped_column(default=0, server_default="0")
    rejected: Mapped[int] = mapped_column(default=0, server_default="0")
    __table_args__ = (refers_to("import", "import_id"), UniqueConstraint("workspace_id", "import_id", "name"))


class Rejection(Tenant, Model):
    """A row that was refused: where it stood, which column, why, and the row itself for mending."""

    __tablename__ = "rejection"
    import_id: Mapped[int]
    file: Mapped[str]
    line: Mapped[int]
    column: Mapped[str | None]
    value: Mapped[str | None]
    reason: Mapped[str]
    row: Mapped[dict[str, Any]]
    __table_args__ = (refers_to("import", "import_id"), Index("ix_rejection_import", "workspace_id", "import_id", "id"))


class Finding(Tenant, Model):
    """A contradiction in what was taken in: what, how often, examples, and what a person can do about it."""

    __tablename__ = "finding"
    import_id: Mapped[int]
    code: Mapped[str]
    title: Mapped[str]
    effect: Mapped[str]
    remedy: Mapped[str]
    count: Mapped[int]
    out_of: Mapped[int]
    examples: Mapped[list[Any]]
    __table_args__ = (refers_to("import", "import_id"), UniqueConstraint("workspace_id", "import_id", "code"))
