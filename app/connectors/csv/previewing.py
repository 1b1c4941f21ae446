"""What a person sees before anything is imported: columns, guesses and warnings; then what would become of the rows."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from app.connectors.csv import receiving
from app.connectors.csv.book import Book, open_book
from app.connectors.csv.importing import files_of, get_import, plan_of, plans_of
from app.connectors.csv.kinds import Kind
from app.connectors.csv.models import Import, ImportFile
from app.connectors.csv.reading import sheets
from app.connectors.csv.reading.habits import Habit
from app.connectors.csv.reading.sheets import Sheet
from app.connectors.csv.translating import Ids, Plan, Refused, Repeated, Taken, translate

_SHOWN = 5
_LOOKED_AT = 50_000  # rows a file: a page cannot wait for more; the import itself looks at all
_CHANNELS = ("ticket", "email", "phone", "chat", "meeting", "community", "social", "in_app", "note")
_EVIDENCE = {"column": "its own dates tell", "file": "the file's other dates tell", "setting": "as set for this import"}


@dataclass(frozen=True)
class ColumnView:
    """One column: its place, name, first values, chosen field, how sure the guess was, and how its dates are read."""

    place: int
    name: str
    sample: tuple[str, ...]
    field: str
    sureness: str
    reading: str


@dataclass(frozen=True)
class FileView:
    """One file on the mapping page."""

    file: ImportFile
    kind: Kind | None
    written: str
    columns: tuple[ColumnView, ...]
    warnings: tuple[str, ...]
    channel: str | None
    channels: tuple[str, ...] = _CHANNELS
    earlier: Import | None = None


@dataclass
class Rehearsal:
    """What would become of a file's rows: how many would be taken, how often each reason would refuse, and examples."""

    file: ImportFile
    seen: int = 0
    taken: int = 0
    repeated: int = 0
    reasons: Counter[tuple[str | None, str]] = field(default_factory=Counter)
    refused: list[Refused] = field(default_factory=list)

    @property
    def refusals(self) -> int:
        return sum(self.reasons.values())


def view_of(file: ImportFile, day_first: bool | None) -> FileView:
    """Look at a file with its present mapping."""
    if "unreadable" in file.mapping:
        return FileView(file, None, "", (), (file.mapping["unreadable"],), None)
    sheet, plan = sheets.read(file.content), plan_of(file, day_first, _LOOKED_AT)
    kind = plan.kind if plan else None
    return FileView(
        file=file,
        kind=kind,
        written=_written(sheet),
        columns=tuple(_columns(file, sheet, plan)),
        warnings=tuple(_warnings(plan)) if plan else (),
        channel=file.mapping.get("channel"),
        earlier=receiving.earlier(file),
    )


def rehearse(import_id: int, now: datetime) -> list[Rehearsal]:
    """Read every file of an import as `run_import` would, and write nothing."""
    made = get_import(import_id)
    book, ids = open_book(now), Ids()
    return [_rehearsal(file, plan, book, ids) for file, plan in plans_of(files_of(made), made.day_first, _LOOKED_AT)]


def _written(sheet: Sheet) -> str:
    names = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
    encoding = sheet.encoding.removesuffix("-sig").upper()
    mark = " with a byte-order mark" if sheet.encoding.endswith("-sig") else ""
    return f"{encoding}{mark}, {names.get(sheet.delimiter, sheet.delimiter)}"


def _columns(file: ImportFile, sheet: Sheet, plan: Plan | None) -> Iterator[ColumnView]:
    rows = [row.cells for row in islice(sheet.rows(), _SHOWN)]
    chosen, sureness = file.mapping.get("columns", {}), file.mapping.get("sureness", {})
    for place, name in enumerate(sheet.columns):
        sample = tuple(row[name] for row in rows)
        habit = plan.habits.dates.get(name) if plan else None
        yield ColumnView(
            place, name, sample, chosen.get(name, ""), sureness.get(name, ""), _read_as(habit) if habit else ""
        )


def _read_as(habit: Habit) -> str:
    if habit.day_first is None:
        return f"{habit.ambiguous:,} dates read either way" if habit.ambiguous else ""
    if habit.evidence == "setting" and not habit.ambiguous:
        return ""
    order = "day first" if habit.day_first else "month first"
    return f"{order}: {_EVIDENCE.get(habit.evidence, 'as set, for both orders are in it')}"


def _warnings(plan: Plan) -> Iterator[str]:
    held = set(plan.columns.values())
    for group in plan.kind.needs:
        if not held & set(group):
            titles = " or ".join(plan.kind.field(code).title for code in group)
            yield f"No column holds the {titles}: without it every row will be refused."
    for column, count in plan.habits.unsettled.items():
        yield f"{count:,} dates in {column} may be day first or month first: choose below, or they will be refused."


def _rehearsal(file: ImportFile, plan: Plan, book: Book, ids: Ids) -> Rehearsal:
    rehearsal = Rehearsal(file)
    for row in islice(translate(plan, book, ids), _LOOKED_AT):
        rehearsal.seen += 1
        rehearsal.taken += isinstance(row, Taken)
        rehearsal.repeated += isinstance(row, Repeated)
        if isinstance(row, Refused):
            rehearsal.reasons[row.column, row.sort] += 1
            rehearsal.refused += [row] if len(rehearsal.refused) < _SHOWN else []
    return rehearsal
