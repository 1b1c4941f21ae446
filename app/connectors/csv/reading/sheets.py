"""Bytes of a file into rows, whatever wrote them: byte-order marks, encodings, delimiters, quoting, line numbers."""

import codecs
import csv
import io
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass

_DELIMITERS = ",;\t|"
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_NOT_TEXT = {
    b"PK\x03\x04": "a spreadsheet or archive: save it as CSV (UTF-8) and bring that",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet: save it as CSV (UTF-8) and bring that",
    b"\x1f\x8b": "compressed: unpack it first",
    b"%PDF": "a PDF: export the table behind it as CSV",
}
_SAMPLE = 64 * 1024
_LOST = "\ufffd"  # stands where bytes were no character
_LONGEST_RECORD = 500  # lines; a quoted value that runs on for longer was never closed

csv.field_size_limit(8 * 1024 * 1024)


class UnreadableError(Exception):
    """The file as a whole cannot be read; the text says why and what to do."""


@dataclass(frozen=True)
class Row:
    """One record: the line it begins on, its cells by column, and what is wrong with its form, if anything."""

    line: int
    cells: dict[str, str]
    fault: str = ""


@dataclass(frozen=True)
class Sheet:
    """A file that can be read: its columns and how it is written. `is_damaged`: not all of its bytes are characters."""

    content: bytes
    columns: tuple[str, ...]
    encoding: str
    delimiter: str
    header_line: int
    is_damaged: bool = False

    def rows(self) -> Iterator[Row]:
        """Give each record after the header; empty lines are passed over."""
        records = _records(_text(self.content, self.encoding), self.delimiter)
        for line, cells, fault in records:
            if line > self.header_line and (fault or any(cell.strip() for cell in cells)):
                yield self._row(line, cells, fault)

    def _row(self, line: int, cells: list[str], fault: str) -> Row:
        if self.is_damaged and not fault and any(_LOST in cell for cell in cells):
            fault = f"has bytes that are no {self.encoding.upper()} characters: export it anew, or retype the line."
        if len(cells) == len(self.columns):
            return Row(line, dict(zip(self.columns, cells, strict=True)), fault)
        if not fault and len(cells) > len(self.columns) and any(cells[len(self.columns) :]):
            fault = f"has {len(cells)} cells, the header {len(self.columns)}: is a {_name(self.delimiter)} unquoted?"
        if not fault and len(cells) < len(self.columns):
            fault = f"has {len(cells)} cells, the header {len(self.columns)}: is the line cut off?"
        padded = cells + [""] * (len(self.columns) - len(cells))
        return Row(line, dict(zip(self.columns, padded, strict=False)), fault)


def read(content: bytes) -> Sheet:
    """Find out how a file is written. Raises UnreadableError."""
    for magic, what in _NOT_TEXT.items():
        if content.startswith(magic):
            raise UnreadableError(f"This is {what}.")
    encoding = _encoding(content)
    is_damaged = not _is(content, encoding)
    announced, delimiter = _delimiter(content, encoding)
    for line, cells, fault in _records(_text(content, encoding), delimiter):
        if line > announced and any(cell.strip() for cell in cells):
            if fault:
                raise UnreadableError(f"The header (line {line}) {fault}")
            return Sheet(content, _distinct(cells), encoding, delimiter, line, is_damaged)
    raise UnreadableError("The file is empty.")


def _encoding(content: bytes) -> str:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return encoding
    if b"\0" in content[:_SAMPLE]:
        wide = "utf-16-le" if content[1:2] == b"\0" else "utf-16-be"
        if _is(content, wide):
            return wide
        raise UnreadableError("This is not text: export it as CSV (UTF-8).")
    if _is(content, "utf-8") or _is_mostly_utf8(content):
        return "utf-8"
    return "cp1252" if _is(content, "cp1252") else "latin-1"


def _is_mostly_utf8(content: bytes) -> bool:
    """Say whether more characters are good UTF-8 than are spoiled, as where one line came from elsewhere."""
    text = content.decode("utf-8", "replace")
    beyond_ascii = len(text) - len(text.encode("ascii", "ignore"))
    return beyond_ascii > 2 * text.count(_LOST)


def _is(content: bytes, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    step = 1 << 20
    try:
        for at in range(0, len(content), step):
            decoder.decode(content[at : at + step])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _delimiter(content: bytes, encoding: str) -> tuple[int, str]:
    """Give the line on which `sep=` announces the delimiter (0: none does) and the delimiter."""
    sample = _text(content, encoding).read(_SAMPLE)
    first = sample.lstrip("\r\n").split("\n", 1)[0].strip().strip('"')
    if first.lower().startswith("sep=") and len(first) == 5:
        return 1, first[-1]
    return 0, max(_DELIMITERS, key=lambda mark: _fit(sample, mark))


def _fit(sample: str, delimiter: str) -> tuple[float, int]:
    """Say how well a delimiter explains a sample: the share of records as wide as the first, then that width."""
    found = _records(io.StringIO(sample, newline=""), delimiter)
    widths = [len(cells) for _, cells, fault in found if cells and not fault][:200]
    whole = widths[:-1] or widths  # the last record may be cut by the sample's end
    if not whole or whole[0] < 2:
        return (0.0, 0)
    return (Counter(whole)[whole[0]] / len(whole), whole[0])


def _text(content: bytes, encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(content), encoding=encoding, errors="replace", newline="")


class _Lines:
    """The lines of a text, of which those of a spoiled record can be put back."""

    def __init__(self, text: io.TextIOBase) -> None:
        self.text, self.back, self.taken = text, deque[str](), list[str]()
        self.line = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self.back.popleft() if self.back else next(self.text)
        line = line.replace("\0", "")  # PostgreSQL keeps no such character
        self.taken.append(line)
        if len(self.taken) > _LONGEST_RECORD:
            raise csv.Error("unexpected end of data")
        return line

    def begin_record(self) -> int:
        """Forget the lines of the record before; give the line on which the next one begins."""
        self.line += len(self.taken)
        self.taken.clear()
        return self.line + 1

    def keep_first_only(self) -> list[str]:
        """Put all but the first line of the present record back, to be read anew."""
        self.back.extendleft(reversed(self.taken[1:]))
        del self.taken[1:]
        return self.taken


def _records(text: io.TextIOBase, delimiter: str) -> Iterator[tuple[int, list[str], str]]:
    """Give (line, cells, fault) for each record; a quote never closed spoils its own line only."""
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line = lines.begin_record()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            spoiled = lines.keep_first_only()
            yield line, "".join(spoiled).strip().split(delimiter), _fault(error)
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            continue
        yield line, cells, ""


def _fault(error: csv.Error) -> str:
    if "end of data" in str(error):
        return "opens a quote that is never closed."
    return 'has a quote inside a quoted value: write it twice ("").'


def _distinct(cells: list[str]) -> tuple[str, ...]:
    names: list[str] = []
    for position, cell in enumerate(cells, 1):
        name = " ".join(cell.split()) or f"column {position}"
        while name in names:
            name += " (again)"
        names.append(name)
    return tuple(names)


def _name(delimiter: str) -> str:
    return {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}.get(delimiter, repr(delimiter))
