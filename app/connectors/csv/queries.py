"""Reads of imports for pages and the command line."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select, text

from app.accounts.movements import Bridge, bridge
from app.connectors.csv.models import Finding, Import, ImportFile, Rejection
from app.core import queue, tenancy
from app.core.problems import NotFoundError
from app.core.queue import Job
from app.extensions import db

_STATES = {"ready": "waiting", "running": "running", "dead": "failed", "cancelled": "cancelled"}
_PAGE = 100


@dataclass(frozen=True)
class Reason:
    """A reason for which rows were refused: how often, and where first."""

    file: str
    column: str | None
    reason: str
    count: int
    first_line: int


def job_of(made: Import) -> Job | None:
    """Give the job that brings an import in, once a person has started it."""
    return queue.find_job(made.job_id) if made.job_id else None


def state_of(made: Import, job: Job | None) -> str:
    """Say how far an import is: mapping, waiting, running, done, failed or cancelled."""
    if made.state != "waiting" or job is None:
        return made.state
    return _STATES.get(job.state, made.state)


def recent(limit: int = 20) -> list[tuple[Import, str, int, int]]:
    """Give the newest imports: the import, its state, how many rows it held and how many were refused."""
    sums = (
        select(
            ImportFile.workspace_id, ImportFile.import_id,
            func.sum(ImportFile.rows).label("rows"), func.sum(ImportFile.rejected).label("rejected"),
        )
        .group_by(ImportFile.workspace_id, ImportFile.import_id)
        .subquery()
    )  # fmt: skip
    query = (
        select(Import, Job, sums.c.rows, sums.c.rejected)
        .outerjoin(Job, (Job.workspace_id == Import.workspace_id) & (Job.id == Import.job_id))
        .outerjoin(sums, (sums.c.workspace_id == Import.workspace_id) & (sums.c.import_id == Import.id))
        .order_by(Import.created_at.desc(), Import.id.desc())
        .limit(limit)
    )
    return [
        (made, state_of(made, job), rows or 0, rejected or 0) for made, job, rows, rejected in db.session.execute(query)
    ]


def get_file(made: Import, file_id: int) -> ImportFile:
    """Give a file of an import. Raises NotFoundError."""
    file = db.session.get(ImportFile, (tenancy.workspace_id(), file_id))
    if file is None or file.import_id != made.id:
        raise NotFoundError("file")
    return file


def findings_of(made: Import) -> list[Finding]:
    """Give the data-quality report: what moves money first, as the checks are ordered."""
    return list(db.session.scalars(select(Finding).where(Finding.import_id == made.id).order_by(Finding.id)))


def reasons_of(made: Import) -> list[Reason]:
    """Give why rows were refused, the most frequent reason first."""
    kind = func.regexp_replace(Rejection.reason, r"line \d+", "another line").label("kind")
    query = (
        select(Rejection.file, Rejection.column, kind, func.count(), func.min(Rejection.line))
        .where(Rejection.import_id == made.id)
        .group_by(Rejection.file, Rejection.column, kind)
        .order_by(func.count().desc(), Rejection.file)
        .limit(_PAGE)
    )
    return [Reason(*row) for row in db.session.execute(query)]


def rejections_of(made: Import, limit: int = _PAGE) -> list[Rejection]:
    """Give the first refused rows, file by file, in the order of their lines."""
    query = select(Rejection).where(Rejection.import_id == made.id).order_by(Rejection.file, Rejection.line)
    return list(db.session.scalars(query.limit(limit)))


def rejected_csv(made: Import, file: ImportFile, columns: Iterable[str]) -> Iterator[str]:
    """Write a file's refused rows as CSV: its own columns, then where and why. Mended, it can be brought in."""
    query = (
        select(Rejection).where(Rejection.import_id == made.id, Rejection.file == file.name).order_by(Rejection.line)
    )
    names = list(columns)
    yield "\ufeff" + _line([*names, "_file", "_line", "_column", "_reason"])
    for row in db.session.scalars(query.execution_options(yield_per=1000)):
        cells = [row.row.get(name, "") for name in names]
        yield _line([*cells, row.file, row.line, row.column or "", row.reason])


def revenue_bridge(today: date) -> Bridge | None:
    """Give the book's movements of ARR from the first one to today; None while there is none."""
    first = db.session.execute(text("SELECT min(moved_on) FROM movement")).scalar()
    return bridge(first, max(today, first)) if first else None


def told(import_id: int) -> list[str]:
    """Tell in lines of text what became of an import, for the command line."""
    made = db.session.get_one(Import, (tenancy.workspace_id(), import_id))
    files = db.session.scalars(select(ImportFile).where(ImportFile.import_id == made.id).order_by(ImportFile.name))
    lines = [_told_of_file(file) for file in files]
    lines += [f"  refused: {each.file} line {each.first_line}{f', column {each.column}' if each.column else ''}:"
              f" {each.reason} ({each.count}×)" for each in reasons_of(made)]  # fmt: skip
    return lines + [f"  look at: {each.title}: {each.count:,} of {each.out_of:,}" for each in findings_of(made)]


def _told_of_file(file: ImportFile) -> str:
    if "unreadable" in file.mapping:
        return f"{file.name}: left out. {file.mapping['unreadable']}"
    if file.kind is None:
        return f"{file.name}: left out. Its columns are not those of any kind of file known here."
    counts = f"{file.added:,} added, {file.updated:,} updated, {file.unchanged:,} unchanged, {file.rejected:,} refused"
    return f"{file.name}: {file.kind.replace('_', ' ')}, {file.rows:,} rows: {counts}"


def _line(cells: list[Any]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()
