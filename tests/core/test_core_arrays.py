"""Columns that are handed to PostgreSQL as its own arrays."""

import numpy as np
import pytest
from sqlalchemy import text

from app.core.bulk.arrays import documents, numbers, texts, wholes
from app.extensions import db


@pytest.mark.parametrize(
    ("pack", "values", "kind"),
    [
        (numbers, [0.1, -1e300, 5e-324, float("inf")], "double precision[]"),
        (numbers, [], "double precision[]"),
        (wholes, [0, -1, 2**63 - 1, -(2**63)], "bigint[]"),
        (texts, ["", 'a "quoted" ünïcode {brace},\\', None, "NULL"], "text[]"),
        (texts, [], "text[]"),
    ],
)
def test_what_is_packed_is_what_postgresql_reads(app, pack, values, kind):
    found = db.session.execute(text("SELECT :given, pg_typeof(:given)::text"), {"given": pack(values)}).one()
    assert tuple(found) == (values, kind)


def test_documents_are_documents(app):
    given_ = [b'{"a": [1, null, "\\u00e4"]}', b"[]", b'"x"']
    found = db.session.scalars(text("SELECT unnest(:given) -> 'a'"), {"given": documents(given_)}).all()
    assert found == [[1, None, "ä"], None, None]


def test_unknown_numbers_come_as_what_the_statement_turns_back(app):
    query = text("SELECT nullif(x, 'NaN'::float8) FROM unnest(:given) AS x")
    assert db.session.scalars(query, {"given": numbers([1.5, None, float("nan")])}).all() == [1.5, None, None]


def test_a_table_of_numbers_is_taken_apart_by_rows(app):
    table = np.arange(12.0).reshape(3, 4)
    query = text("SELECT (:given)[(n - 1) * :wide + 1 : n * :wide] FROM generate_series(1, 3) AS n")
    assert db.session.scalars(query, {"given": numbers(table), "wide": 4}).all() == table.tolist()
