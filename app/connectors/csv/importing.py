"""Brings the files of an import into the book: all of it in the caller's transaction, or nothing."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select, text

from app.accounts import movements, summarising
from app.connectors.csv import receiving, writing
from app.connectors.csv.book import Book, open_book
from app.connectors.csv.checking import Checks
from app.connectors.csv.kinds import ORDER
from app.connectors.csv.kinds.usage import code_of
from app.connectors.csv.models import Finding, Import, ImportFile, Rejection
from app.connectors.csv.reading import sheets
from app.connectors.csv.translating import Ids, Plan, Refused, Taken, plan_for, translate
from app.connectors.csv.writing import Meters, Written
from app.core import queue, tenancy
from app.core.bulk.upserting import as_json
from app.core.problems import NotFoundError, Problem
from app.extensions import db
from app.usage import summarising as usage_summarising

Progress = Callable[[int, int | None, str], None]
_BATCH = 5_000
_ENDINGS = (".csv", ".tsv")


def run_import(import_id: int, now: datetime, progress: Progress = lambda *_: None) -> Import:
    """Take in every file of an import, write down what was refused and what contradicts itself, and finish it.

    The same files again change nothing. Raises what `progress` raises (a person's wish to stop), UnreadableError
    never: such files were marked when they came in. Nothing is committed here.
    """
    made = get_import(import_id)
    _forget_results(made)
    book, files = open_book(now), files_of(made)
    plans = {file.id: plan for file, plan in plans_of(files, made.day_first)}
    checks, meters, ids = Checks(list(plans.values())), _meters(list(plans.values())), Ids()
    touched, done = set[int](), 0
    total = sum(file.rows for file in files if file.id in plans)
    for file in files:
        if file.id in plans:
            reader = _Reader(file, plans[file.id], book, ids, checks, meters)
            for seen in reader.take_in():
                progress(min(done + seen, total), total, f"Reading {file.name}")
            touched |= reader.written.account_ids
            done += file.rows
    progress(total, total, "Adding up revenue and usage")
    _settle(touched, book)
    db.session.add_all(checks.findings(made.id, book, meters))
    made.state, made.finished_at = "done", now
    queue.defer("score_accounts", unique_key="all")
    return made


def import_folder(
    folder: Path, now: datetime, day_first: bool | None = None, progress: Progress = lambda *_: None
) -> int:
    """Bring in every CSV file of a folder with the guessed mappings, at once. Gives the id of the import.

    Raises Problem(400) when the folder holds no such file. `day_first` is taken where a file's dates do not tell.
    """
    paths = sorted(path for path in folder.iterdir() if path.is_file() and path.suffix.lower() in _ENDINGS)
    if not paths:
        raise Problem(400, f"There is no file ending in {', '.join(_ENDINGS)} in {folder}.", "no_files")
    made = receiving.bring_in(folder.name, ((path.name, path.read_bytes()) for path in paths), now, day_first)
    return run_import(made.id, now, progress).id


def get_import(import_id: int) -> Import:
    """Give an import of the workspace in force. Raises NotFoundError."""
    found: Import | None = db.session.get(Import, (tenancy.workspace_id(), import_id))
    if found is None:
        raise NotFoundError("import")
    return found


def files_of(made: Import) -> list[ImportFile]:
    """Give an import's files, those that others refer to first."""
    found = db.session.scalars(select(ImportFile).where(ImportFile.import_id == made.id))
    return sorted(found, key=lambda file: (ORDER.get(file.kind or "", len(ORDER)), file.name))


def plan_of(file: ImportFile, day_first: bool | None, most: int | None = None) -> Plan | None:
    """Give how a file is read, judged by `most` rows or all; None when it cannot be, or nobody has said what it is."""
    kind = receiving.kind_of(file)
    if kind is None or "unreadable" in file.mapping:
        return None
    columns = file.mapping.get("columns", {})
    sheet, constants = sheets.read(file.content), receiving.constants_of(file.mapping)
    return plan_for(file.name, sheet, kind, columns, constants=constants, day_first=day_first, most=most)


def plans_of(
    files: list[ImportFile], day_first: bool | None, most: int | None = None
) -> Iterator[tuple[ImportFile, Plan]]:
    """Give the files that can be read, each with how."""
    for file in files:
        plan = plan_of(file, day_first, most)
        if plan is not None:
            yield file, plan


def _forget_results(made: Import) -> None:
    db.session.execute(delete(Rejection).where(Rejection.import_id == made.id))
    db.session.execute(delete(Finding).where(Finding.import_id == made.id))


def _meters(plans: list[Plan]) -> Meters | None:
    """Make the meters that usage files count on, before the first row is counted."""
    features: Counter[str] = Counter()
    measures: list[str] = []
    usage = [plan for plan in plans if plan.kind.code == "usage"]
    for plan in usage:
        measures += [code_of(column) for column, code in plan.columns.items() if code == "measure"]
        column = next((column for column, code in plan.columns.items() if code == "feature"), None)
        if column:
            features.update(code_of(row.cells[column]) for row in plan.sheet.rows() if row.cells[column].strip())
    return Meters(features, measures) if usage else None


def _settle(touched: set[int], book: Book) -> None:
    ids = sorted(touched)
    movements.rebuild(ids)
    summarising.refresh(ids, book.today)
    usage_summarising.refresh(ids, book.today)


@dataclass
class _Reader:
    """Takes one file in, batch by batch, and counts what became of its rows."""

    file: ImportFile
    plan: Plan
    book: Book
    ids: Ids
    checks: Checks
    meters: Meters | None
    written: Written = field(default_factory=Written)

    def take_in(self) -> Iterator[int]:
        """Write the file's rows; give after each batch how many have been read."""
        seen, self.file.rejected = 0, 0
        rows = translate(self.plan, self.book, self.ids)
        while chunk := list(islice(rows, self._batch)):
            records = [self._take(row) for row in chunk if isinstance(row, Taken)]
            refused = [self._refuse(row) for row in chunk if isinstance(row, Refused)]
            self.written.add(writing.write(self.plan.kind.code, records, self.book, self.meters))
            self.written.unchanged += len(chunk) - len(records) - len(refused)
            _keep(self.file.import_id, refused)
            seen, self.file.rejected = seen + len(chunk), self.file.rejected + len(refused)
            yield seen
        self.file.rows, self.file.added = seen, self.written.added
        self.file.updated, self.file.unchanged = self.written.updated, self.written.unchanged

    @property
    def _batch(self) -> int | None:
        """Accounts go in as one, since a parent may stand below its child."""
        return None if self.plan.kind.code == "accounts" else _BATCH

    def _take(self, row: Taken) -> dict[str, Any]:
        self.checks.look(self.plan.kind.code, row, self.book)
        return row.record

    def _refuse(self, row: Refused) -> Refused:
        self.checks.look_at_refusal(self.plan.kind.code, row)
        return row


def _keep(import_id: int, refused: list[Refused]) -> None:
    if not refused:
        return
    rows = [
        {
            "file": row.file,
            "line": row.line,
            "column": row.column,
            "value": row.value,
            "reason": row.reason,
            "row": dict(row.cells),
        }
        for row in refused
    ]
    db.session.execute(
        text(
            'INSERT INTO rejection (import_id, file, line, "column", value, reason, "row")'
            ' SELECT :import_id, file, line, "column", value, reason, "row" FROM json_to_recordset(CAST(:rows AS json))'
            ' AS given (file text, line bigint, "column" text, value text, reason text, "row" jsonb)'
        ),
        {"import_id": import_id, "rows": as_json(rows)},
    )
