"""Reads what a query finds as one numpy array a column: PostgreSQL packs the values, no row is looked at in Python."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from app.extensions import db

_EPOCH_DAYS = np.int64(10_957)  # PostgreSQL counts from 2000, numpy from 1970
_EPOCH_MICROSECONDS = _EPOCH_DAYS * 86_400_000_000
_PACKED = {
    "whole": ("int8send({}::bigint)", ">i8"),
    "number": ("float8send(coalesce({}::float8, 'NaN'))", ">f8"),
    "yes": ("boolsend({})", "?"),
    "day": ("date_send(coalesce({}, '-infinity'))", ">i4"),
    "moment": ("timestamptz_send(coalesce({}, '-infinity'))", ">i8"),
}
TEXT = "text"


def read_columns(query: str, kinds: Mapping[str, str], values: Mapping[str, Any]) -> dict[str, Any]:
    """Give the columns that `kinds` names, in the order of the rows.

    Kinds: whole (never NULL), number (NaN for NULL), yes, day (datetime64[D]), moment (datetime64[us], UTC; both NaT
    for NULL) and text, a list. Values stand in the query as %(name)s.
    """
    packed = ", ".join(_pack(name, kind) for name, kind in kinds.items())
    connection: Any = db.session.connection().connection.driver_connection
    with connection.cursor(binary=True) as cursor:
        row = cursor.execute(f"SELECT {packed} FROM ({query}) AS found", values).fetchone()
    return {name: _unpacked(kind, cell) for (name, kind), cell in zip(kinds.items(), row, strict=True)}


def _pack(name: str, kind: str) -> str:
    if kind == TEXT:
        return f"array_agg({name})"
    return f"string_agg({_PACKED[kind][0].format(name)}, ''::bytea)"


def _unpacked(kind: str, cell: Any) -> Any:
    if kind == TEXT:
        return cell or []
    numbers = np.frombuffer(cell or b"", _PACKED[kind][1])
    if kind == "day":
        return _since_1970(numbers, _EPOCH_DAYS).view("datetime64[D]")
    if kind == "moment":
        return _since_1970(numbers, _EPOCH_MICROSECONDS).view("datetime64[us]")
    return numbers.astype(numbers.dtype.newbyteorder("="))


def _since_1970(numbers: np.ndarray, epoch: np.int64) -> np.ndarray:
    unknown = numbers == np.iinfo(numbers.dtype).min  # minus infinity
    return np.where(unknown, np.datetime64("NaT").astype(np.int64), numbers.astype(np.int64) + epoch)
