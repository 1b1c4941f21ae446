"""Columns as arrays of PostgreSQL, in the very form in which it reads them: the counterpart of columns.py.

A statement takes them apart with unnest. Neither side writes a number as text, which is a third to a half of what a row
costs as JSON.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

_HEAD = struct.Struct(">iiIii")
"""Dimensions, whether there are NULLs, the type of an element; how many there are, and the first one's place."""
_LENGTH = struct.Struct(">i")
_OF = {"number": (701, 1022), "whole": (20, 1016), "text": (25, 1009), "document": (3802, 3807)}
"""The numbers that PostgreSQL gives a type and arrays of it."""


@dataclass(frozen=True)
class Packed:
    """An array for a statement: the number of its type, and its bytes."""

    oid: int
    data: bytes


def numbers(values: Any) -> Packed:
    """Pack floats of any shape into one float8[]; NULL is written as NaN, for the statement to turn back."""
    return _fixed("number", ">f8", np.asarray(values, float))


def wholes(values: Any) -> Packed:
    """Pack integers into a bigint[]."""
    return _fixed("whole", ">i8", np.asarray(values, np.int64))


def texts(values: Sequence[str | None]) -> Packed:
    """Pack texts into a text[]; None is NULL."""
    return _varying("text", [None if value is None else value.encode() for value in values])


def documents(values: Sequence[bytes]) -> Packed:
    """Pack documents, encoded as JSON, into a jsonb[]."""
    return _varying("document", [b"\1" + value for value in values])  # the form of jsonb that follows


def _fixed(kind: str, form: str, values: np.ndarray) -> Packed:
    cells = np.empty(values.size, np.dtype([("length", ">i4"), ("value", form)]))
    cells["length"], cells["value"] = 8, values.ravel()
    return _packed(kind, len(cells), cells.tobytes(), has_null=False)


def _varying(kind: str, values: Sequence[bytes | None]) -> Packed:
    parts = [b"\xff\xff\xff\xff" if value is None else _LENGTH.pack(len(value)) + value for value in values]
    return _packed(kind, len(values), b"".join(parts), has_null=None in values)


def _packed(kind: str, size: int, cells: bytes, *, has_null: bool) -> Packed:
    element, array = _OF[kind]
    head = _HEAD.pack(1, has_null, element, size, 1) if size else struct.pack(">iiI", 0, 0, element)
    return Packed(array, head + cells)


class _Dumper(Dumper):
    """Hands a packed array to PostgreSQL as it is; there is one for each type of array."""

    format = Format.BINARY

    def get_key(self, obj: Packed, format: Any) -> Any:  # noqa: A002, ARG002 - psycopg's names
        return (self.cls, obj.oid)

    def upgrade(self, obj: Packed, format: Any) -> "_Dumper":  # noqa: A002, ARG002
        dumper = _Dumper(self.cls)
        dumper.oid = obj.oid
        return dumper

    def dump(self, obj: Packed) -> bytes:
        return obj.data


def teach_driver() -> None:
    """Have every engine that is made from here on know packed arrays."""
    psycopg.adapters.register_dumper(Packed, _Dumper)
