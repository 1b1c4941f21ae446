"""Keyset paging: a cursor is the sort key of the last row seen, so page 1,000 costs what page 1 costs."""

import base64
import binascii
from typing import Any

from flask import json

from app.core.problems import Problem


def write_cursor(*key: Any) -> str:
    """Pack a sort key for use in an address."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def read_cursor(cursor: str, length: int) -> tuple[Any, ...]:
    """Unpack a cursor. Raises Problem(400) when it is not one of ours with `length` parts."""
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as error:
        raise Problem(400, "The cursor is not one of ours: take it whole from `next_cursor`.", "bad_cursor") from error
    if not isinstance(key, list) or len(key) != length:
        raise foreign_cursor()
    return tuple(key)


def foreign_cursor() -> Problem:
    """Give what to raise for a cursor that is of another list or order, or that somebody made up."""
    return Problem(400, "The cursor belongs to another list or order: start again without it.", "bad_cursor")


def read_number(cursor: str | None) -> int | None:
    """Unpack the cursor of a list that goes by number; None at its beginning. Raises Problem(400)."""
    if cursor is None:
        return None
    (number,) = read_cursor(cursor, 1)
    if not isinstance(number, int):
        raise foreign_cursor()
    return number
