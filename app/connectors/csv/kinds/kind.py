"""What a kind of file is: its fields, and how a row of it becomes a record that a verb takes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from app.connectors.csv.book import Book

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Field:
    """Something a column may hold. `reads` names how its texts are read (translating.py); `headers` are the names that
    such columns usually have, the likeliest first, with a space between them.

    `many`: several columns may be mapped to it. `longest`: characters that a text may have. `missed`: what is lost
    where it is empty, for the report.
    """

    code: str
    title: str
    reads: str = "text"
    headers: str = ""
    many: bool = False
    longest: int = 300
    missed: str = ""

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(self.headers.split())


@dataclass(frozen=True)
class Kind:
    """A kind of file. `needs`: of each group, one field at least must be mapped and filled in.

    `shape` turns the values of a row into a record and raises Refusal; `words` are found in the names of such files.
    """

    code: str
    title: str
    explains: str
    fields: tuple[Field, ...]
    needs: tuple[tuple[str, ...], ...]
    shape: Callable[[Values, Book], dict[str, Any]]
    words: tuple[str, ...]

    def field(self, code: str) -> Field:
        """Give a field. Raises KeyError."""
        return self.by_code[code]

    @cached_property
    def by_code(self) -> dict[str, Field]:
        return {each.code: each for each in self.fields}


class Refusal(Exception):  # noqa: N818 - it is the row that is refused
    """Why a row cannot be taken: the field at fault and a reason that names the remedy."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.reason = field, reason
