"""Many numbers as one parameter: IN (…) would bind each, and PostgreSQL takes 65,535 at most."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, any_, literal
from sqlalchemy.dialects.postgresql import ARRAY


def among(column: Any, ids: Iterable[int]) -> ColumnElement[bool]:
    """Say that a column is one of `ids`, however many."""
    is_one: ColumnElement[bool] = column == any_(literal(sorted(ids), ARRAY(BigInteger)))
    return is_one
