"""Many records into one table in one statement: new ones added, changed ones updated, equal ones left alone."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec
import psycopg
from sqlalchemy import Table, TextClause, text
from sqlalchemy.dialects import postgresql

from app.extensions import db

CHUNK, MANY = 5_000, 500
_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Upserted:
    """`touched`, `new`: what was asked to be returned of rows that were added or updated, and only added."""

    added: int
    updated: int
    unchanged: int
    touched: frozenset[Any]
    new: frozenset[Any]

    def __add__(self, other: "Upserted") -> "Upserted":
        return Upserted(
            self.added + other.added,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            self.touched | other.touched,
            self.new | other.new,
        )


NOTHING = Upserted(0, 0, 0, frozenset(), frozenset())


def upsert(
    model: Any,
    records: Sequence[Mapping[str, Any]],
    key: Sequence[str],
    returning: str | tuple[str, ...],
    stamp: Mapping[str, dt.datetime] | None = None,
) -> Upserted:
    """Write `records` (same fields in each) into `model`'s table; of records with one key the last counts.

    `returning`: a column, or several, whose values then come as tuples. `stamp`: columns that tell when a row was last
    written; they alone make no row differ. Rows are locked in key order, so that two writers never wait for each other
    in a circle.
    """
    total = NOTHING
    last = {tuple(record[name] for name in key): record for record in records}
    ordered = [last[each] for each in sorted(last, key=lambda each: tuple(map(str, each)))]
    for start in range(0, len(ordered), CHUNK):
        total += _write(model.__table__, ordered[start : start + CHUNK], tuple(key), returning, stamp or {})
    return total


def as_json(records: Iterable[Mapping[str, Any]]) -> str:
    """Pack records into the one JSON parameter that json_to_recordset reads (18 times cheaper than bound lists)."""
    return msgspec.json.encode(list(records), enc_hook=_plain).decode()


def run_raw(statement: str, values: Sequence[Any]) -> tuple[Any, ...]:
    """Run a statement with $1, $2 … in the present transaction and give its one row.

    For long statements on hot paths: SQLAlchemy and psycopg would read thousands of letters anew each time.
    """
    connection: Any = db.session.connection().connection.driver_connection
    with psycopg.RawCursor(connection) as cursor:
        row = cursor.execute(statement, values).fetchone()
    assert row is not None
    return tuple(row)


def _write(
    table: Table,
    records: Sequence[Mapping[str, Any]],
    key: tuple[str, ...],
    returning: str | tuple[str, ...],
    stamp: Mapping[str, dt.datetime],
) -> Upserted:
    statement = _statement(table, tuple(records[0]), key, returning, tuple(stamp))
    rows = db.session.execute(statement, {"records": as_json(records), **stamp}).all()
    written = [row[0] if isinstance(returning, str) else tuple(row[:-1]) for row in rows]
    new = frozenset(each for each, row in zip(written, rows, strict=True) if row.added)
    added = sum(row.added for row in rows)
    if added >= MANY:
        _teach_planner(table, added)
    return Upserted(added, len(rows) - added, len(records) - len(rows), frozenset(written), new)


def _teach_planner(table: Table, added: int) -> None:
    """Analyse a table of which the planner expects fewer rows of this workspace than have just been added to it.

    Until it is, it takes any index of a workspace's rows to be as good as the one that finds a row: 3,000 accounts
    after the first 3,600 took 8.3 s, and 0.3 s with this.
    """
    explained = db.session.execute(text(f'EXPLAIN (FORMAT JSON) SELECT FROM "{table.name}"')).scalar_one()
    if explained[0]["Plan"]["Plan Rows"] < added:
        db.session.execute(text(f'ANALYZE (SKIP_LOCKED) "{table.name}"'))


@cache
def _statement(
    table: Table,
    fields: tuple[str, ...],
    key: tuple[str, ...],
    returning: str | tuple[str, ...],
    stamp: tuple[str, ...],
) -> TextClause:
    columns = {name: table.c[name].type.compile(_DIALECT) for name in fields}
    shape = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    names = ", ".join(f'"{name}"' for name in fields)
    values = [f'"{name}"' for name in fields if name not in key]
    keys = ", ".join(f'"{name}"' for name in ("workspace_id", *key))
    order = ", ".join(f'"{name}"' for name in key)
    old = ", ".join(f'"{table.name}".{name}' for name in values)
    new = ", ".join(f"excluded.{name}" for name in values)
    stamps = "".join(f', "{name}"' for name in stamp)
    times = "".join(f", CAST(:{name} AS timestamptz)" for name in stamp)
    given = ", ".join(f'"{name}"' for name in ([returning] if isinstance(returning, str) else returning))
    update = (
        f"DO UPDATE SET ({', '.join(values)}{stamps}) = ROW({new}{times}) WHERE ({old}) IS DISTINCT FROM ({new})"
        if values
        else "DO NOTHING"
    )
    return text(
        f'INSERT INTO "{table.name}" ({names}{stamps}) SELECT {names}{times}'
        f" FROM json_to_recordset(CAST(:records AS json)) AS given ({shape})"
        f" ORDER BY {order} ON CONFLICT ({keys}) {update} RETURNING {given}, (xmax = 0) AS added"
    )


def _plain(value: Any) -> Any:
    """Have numpy's numbers written as Python's, of which they are kinds."""
    if isinstance(value, float):
        return float(value)
    raise TypeError(f"a record may not hold a {type(value).__name__}")
