"""Rows into records: each cell read by what its column is mapped to, each row taken or refused with its reason."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from app.connectors.csv.book import Book
from app.connectors.csv.kinds import Kind, Refusal
from app.connectors.csv.kinds.kind import Field
from app.connectors.csv.reading import amounts, dates, plain
from app.connectors.csv.reading.habits import Habits, judge
from app.connectors.csv.reading.sheets import Row, Sheet

Read = Callable[[str], Any]
DAYS = frozenset({"day", "moment"})
NUMBERS = frozenset({"money", "number", "whole"})
_SAID_ON_REJECTION = re.compile(r"^_(file|line|column|value|reason)$")


@dataclass(frozen=True)
class Plan:
    """How a file is read: its kind, what each column holds, values that hold for all its rows, its habits."""

    file: str
    sheet: Sheet
    kind: Kind
    columns: Mapping[str, str]
    constants: Mapping[str, Any]
    habits: Habits


@dataclass(frozen=True)
class Taken:
    """A row that became a record; `values` are what its cells were read as."""

    file: str
    line: int
    values: Mapping[str, Any]
    record: dict[str, Any]


@dataclass(frozen=True)
class Refused:
    """A row that was not taken, and why."""

    file: str
    line: int
    column: str | None
    value: str | None
    reason: str
    cells: Mapping[str, str]

    @property
    def sort(self) -> str:
        """The reason without the line it names, so that like ones can be counted."""
        return re.sub(r"line \d+", "another line", self.reason)


@dataclass(frozen=True)
class Repeated:
    """A row that stands word for word earlier in the import."""

    line: int


@dataclass
class Ids:
    """Which ids this import has met, where, and with what content; and how often each key without an id."""

    met: dict[str, dict[Any, tuple[int, str, int]]] = field(default_factory=lambda: defaultdict(dict))
    times: dict[tuple[Any, ...], int] = field(default_factory=dict)


def plan_for(
    file: str,
    sheet: Sheet,
    kind: Kind,
    columns: Mapping[str, str],
    *,
    constants: Mapping[str, Any],
    day_first: bool | None,
    most: int | None = None,
) -> Plan:
    """Look at all values of a file, or of its first `most` rows, to find out how its dates and numbers are written."""
    used = {column: code for column, code in columns.items() if column in sheet.columns and code in kind.by_code}
    reads = {column: kind.field(code).reads for column, code in used.items()}
    days = [column for column, how in reads.items() if how in DAYS]
    numbers = [column for column, how in reads.items() if how in NUMBERS]
    habits = judge((row.cells for row in islice(sheet.rows(), most)), days, numbers, day_first)
    return Plan(file, sheet, kind, used, constants, habits)


def translate(plan: Plan, book: Book, ids: Ids) -> Iterator[Taken | Refused | Repeated]:
    """Give each row of a file as a record, a refusal or a repetition. `book` learns what is taken."""
    cells = [_Cell(column, plan.kind.field(code), plan.habits, book) for column, code in plan.columns.items()]
    for row in plan.sheet.rows():
        yield _row(row, plan, cells, book, ids)


def is_said_on_rejection(column: str) -> bool:
    """Say whether a column is one that we add to rejected rows, and pass over when they come back."""
    return bool(_SAID_ON_REJECTION.match(column))


def _row(row: Row, plan: Plan, cells: "list[_Cell]", book: Book, ids: Ids) -> Taken | Refused | Repeated:
    if row.fault:
        return Refused(plan.file, row.line, None, None, row.fault, row.cells)
    try:
        values = dict(plan.constants) | _values(row, cells, plan.kind)
        record = plan.kind.shape(values, book)
        is_new = _is_new(record, plan, row, ids)
    except Refusal as refusal:
        column = next((column for column, code in plan.columns.items() if code == refusal.field), None)
        return Refused(plan.file, row.line, column, row.cells.get(column or ""), refusal.reason, row.cells)
    except _CellError as fault:
        return Refused(plan.file, row.line, fault.column, row.cells[fault.column], fault.reason, row.cells)
    if not is_new:
        return Repeated(row.line)
    _learn(plan.kind.code, record, values, book)
    return Taken(plan.file, row.line, values, record)


def _values(row: Row, cells: "list[_Cell]", kind: Kind) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for cell in cells:
        value = cell.read(row.cells[cell.column])
        if cell.is_many:
            held = values.setdefault(cell.code, {})
            if value is not None:
                held[cell.column] = value
        elif values.get(cell.code) is None:
            values[cell.code] = value
    for group in kind.needs:
        if all(values.get(code) in (None, "") for code in group):
            raise Refusal(next((code for code in group if code in values), group[0]), _empty(kind, group))
    return values


def _empty(kind: Kind, group: tuple[str, ...]) -> str:
    titles = [kind.field(code).title for code in group]
    return f"is empty: each row needs its {' or '.join(titles)}"


def _is_new(record: dict[str, Any], plan: Plan, row: Row, ids: Ids) -> bool:
    """Say whether an id is met for the first time; a row without an id of its own is given one from its content."""
    if record["external_id"] is None:
        record["external_id"] = _id_from_content(record, ids)
    external_id, started_on = record["external_id"], record.get("started_on")
    content = hash(tuple(row.cells.values()))
    met = ids.met[plan.kind.code]
    before = met.setdefault((external_id, started_on) if started_on else external_id, (content, plan.file, row.line))
    if before == (content, plan.file, row.line):
        return True
    if before[0] == content:
        return False
    where = f"line {before[2]}" if before[1] == plan.file else f"line {before[2]} of {before[1]}"
    raise Refusal(
        "external_id", f"was used on {where} with other content: give this row an id of its own, or remove one of them"
    )


def _id_from_content(record: Mapping[str, Any], ids: Ids) -> str:
    """Rows that are alike in everything but their counts are told apart by their order in the file."""
    parts = (record["account"], record["happened_at"].isoformat(), record["feature"] or "", record["person"] or "")
    nth = ids.times[parts] = ids.times.get(parts, 0) + 1
    return ":".join(parts) + (f"#{nth}" if nth > 1 else "")


def _learn(kind: str, record: Mapping[str, Any], values: Mapping[str, Any], book: Book) -> None:
    if kind == "accounts":
        book.learn_account(record, is_flagged=values.get("churned"))
    elif kind == "contacts":
        book.learn_contact(record)
    elif kind == "subscriptions":
        book.learn_subscription(record)


class _CellError(Exception):
    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column, self.reason = column, reason


class _Cell:
    """How the cells of one column are read."""

    def __init__(self, column: str, held: Field, habits: Habits, book: Book) -> None:
        self.column, self.code, self.is_many, self.longest = column, held.code, held.many, held.longest
        self._read = reader(held.reads, column, habits, book.zone, book.currency)

    def read(self, text: str) -> Any:
        """Read a cell; None when it holds nothing. Raises _CellError."""
        text = text.strip()
        if plain.is_missing(text):
            return None
        if len(text) > self.longest:
            raise _CellError(self.column, f"is longer than {self.longest:,} characters")
        try:
            return self._read(text)
        except ValueError as error:
            raise _CellError(self.column, str(error)) from None


def reader(reads: str, column: str, habits: Habits, zone: ZoneInfo, currency: str) -> Read:
    """Give the function that reads the texts of a column, made once a column."""
    mark, day_first = habits.marks.get(column), habits.day_first(column)
    readers: dict[str, Read] = {
        "text": str,
        "day": lambda text: dates.read_day(text, day_first, zone),
        "moment": lambda text: dates.read_moment(text, day_first, zone),
        "money": lambda text: amounts.read_money(text, mark, _currency_of(column, currency)),
        "number": lambda text: amounts.read_number(text, mark),
        "whole": lambda text: plain.read_whole(amounts.read_number(text, mark)),
        "currency": lambda text: amounts.check_currency(text, currency),
        "flag": plain.read_flag,
        "ended": plain.read_ended,
        "term": plain.read_term,
        "satisfaction": plain.read_satisfaction,
        "channel": plain.read_channel,
        "direction": plain.read_direction,
        "email": plain.read_email,
        "role": str.casefold,
        "word": str.casefold,
    }
    return readers[reads]


def _currency_of(column: str, currency: str) -> str:
    """Give the workspace's currency. Raises ValueError when the header names another, as `amount_eur` does."""
    last = re.split(r"[^A-Za-z]+", column.strip(" )]"))[-1].upper()
    return amounts.check_currency(last, currency) if last in amounts.CURRENCIES else currency
