"""The book as a list: filters, order and keyset pages over the summary rows."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import text

from app.accounts.models import BANDS, STAGES
from app.accounts.searching import prefix_ranges
from app.core.paging import foreign_cursor, read_cursor
from app.extensions import db

PAGE = 50
_SORTS = {  # the last four have no index, which each scoring would have to write: 45 ms with 100,000 accounts
    "name": ("s.name", "text"),
    "arr": ("s.arr_minor", "bigint"),
    "risk": ("coalesce(s.risk, -1)", "float8"),
    "health": ("coalesce(s.score, -1)", "float8"),
    "renews": ("coalesce(s.renews_on, '9999-12-31')", "date"),
    "touch": ("coalesce(s.last_touch_at, '1900-01-01 00:00+00')", "timestamptz"),
    "usage": ("coalesce(s.usage_28d, {last})", "float8"),
    "change": ("coalesce(s.usage_28d / nullif(s.usage_before_28d, 0) - 1, {last})", "float8"),
    "seats": ("coalesce(s.seats, -1)", "int"),
}
_FILTERS = ("q", "band", "owner", "stage", "tier", "plan", "renews", "risk", "arr")
WORDS = (*_FILTERS, "sort")
"""All that a list's address can say of what is in it."""


@dataclass(frozen=True)
class Asked:
    """What a list's address asks for. `filters`: words of `_FILTERS`; `sort`: one of `_SORTS`, `-` turns it round.

    Without a stage, only accounts that pay are meant, unless `everyone` is.
    """

    filters: dict[str, str]
    sort: str = "-arr"
    everyone: bool = False

    @classmethod
    def of(cls, words: Mapping[str, str]) -> "Asked":
        """Read an address; words that mean nothing are left out."""
        filters = {name: words[name].strip()[:100] for name in _FILTERS if words.get(name, "").strip()}
        filters = {name: value for name, value in filters.items() if _makes_sense(name, value)}
        sort = words.get("sort", "-arr")
        return cls(filters, sort if sort.lstrip("-") in _SORTS else "-arr")

    def as_args(self) -> dict[str, Any]:
        """Give the words as arguments of `url_for`: none has a name that it keeps for itself."""
        return self.filters | ({"sort": self.sort} if self.sort != "-arr" else {})

    @property
    def falls(self) -> bool:
        return self.sort.startswith("-")


def page(
    asked: Asked,
    today: date,
    after: Sequence[Any] | None = None,
    size: int = PAGE,
    minor: int = 100,
    columns: str = "s.*",
) -> list[Any]:
    """Give up to `size` + 1 summary rows that match, after a key: the extra one says that there is more.

    `minor`: minor units of the currency in one; `columns`: what is wanted of a row `s`, its `account_id` at least.
    """
    where, values = _conditions(asked, today, minor)
    direction, last = ("DESC", "-Infinity") if asked.falls else ("ASC", "Infinity")  # where nothing is known
    column, kind = _SORTS[asked.sort.lstrip("-")]
    column = column.format(last=f"float8 '{last}'")
    if after is not None:
        beyond = "<" if asked.falls else ">"
        where.append(f"({column}, s.account_id) {beyond} (CAST(:key AS {kind}), CAST(:last_id AS bigint))")
        values |= {"key": after[0], "last_id": after[1]}
    query = text(
        f"SELECT {columns}, {column} AS sort_key FROM account_summary s WHERE {' AND '.join(where) or 'true'}"
        f" ORDER BY {column} {direction}, s.account_id {direction} LIMIT :size"
    )
    return list(db.session.execute(query, values | {"size": size + 1}))


def totals(asked: Asked, today: date, minor: int = 100) -> Any:
    """Sum what matches: (accounts, arr_minor, at_stake_minor, unknown); whose risk is unknown adds nothing to lose."""
    where, values = _conditions(asked, today, minor)
    query = text(f"{_TOTALS} WHERE {' AND '.join(where) or 'true'}")
    return db.session.execute(query, values).one()


_TOTALS = """
SELECT count(*) AS accounts, coalesce(sum(s.arr_minor), 0)::bigint AS arr_minor,
       coalesce(sum(s.at_stake_minor) FILTER (WHERE s.risk IS NOT NULL), 0)::bigint AS at_stake_minor,
       count(*) FILTER (WHERE s.risk IS NULL) AS unknown
FROM account_summary s"""


def read_key(cursor: str | None, sort: str) -> tuple[Any, ...] | None:
    """Give the key that a page follows; None at the beginning. Raises Problem(400) for a cursor of another order."""
    if cursor is None:
        return None
    of, *key = read_cursor(cursor, 3)
    if of != sort or type(key[0]) not in _WRITTEN[_SORTS[sort.lstrip("-")][1]] or type(key[1]) is not int:
        raise foreign_cursor()
    return tuple(key)


_WRITTEN = {
    "text": (str,), "bigint": (int,), "int": (int,), "float8": (int, float), "date": (str,), "timestamptz": (str,),
}  # fmt: skip


def key_of(row: Any) -> tuple[Any, int]:
    """Give the sort key of a row, for the cursor of the page that follows it."""
    key = row.sort_key
    return (key.isoformat() if isinstance(key, date) else key, row.account_id)


def as_json_object(words: Mapping[str, str]) -> str:
    """Pack a filter for keeping."""
    return json.dumps(dict(words), sort_keys=True)


def _makes_sense(name: str, value: str) -> bool:
    if name in {"owner", "renews", "risk", "arr"}:
        return value.isdecimal() or (name == "owner" and value == "nobody")
    return value in {"band": BANDS, "stage": STAGES}.get(name, (value,))


def _conditions(asked: Asked, today: date, minor: int) -> tuple[list[str], dict[str, Any]]:
    f = asked.filters
    values: dict[str, Any] = {name: f[name] for name in ("band", "stage", "tier", "plan") if name in f}
    where = [f"s.{name} = :{name}" for name in values]
    if "stage" not in f and not asked.everyone:
        where.append("s.arr_minor > 0")
    if "owner" in f:
        where.append("s.owner_id IS NULL" if f["owner"] == "nobody" else "s.owner_id = :owner")
        values |= {} if f["owner"] == "nobody" else {"owner": int(f["owner"])}
    if "renews" in f:
        where.append("coalesce(s.renews_on, '9999-12-31') BETWEEN :today AND :until")
        values |= {"today": today, "until": today + timedelta(days=min(int(f["renews"]), 3650))}
    if "risk" in f:
        where.append("coalesce(s.risk, -1) >= :risk")
        values["risk"] = int(f["risk"]) / 100
    if "arr" in f:
        where.append("s.arr_minor >= :arr")
        values["arr"] = int(f["arr"]) * minor
    return _searched(f.get("q", ""), where, values)


def _searched(asked: str, where: list[str], values: dict[str, Any]) -> tuple[list[str], dict[str, Any]]:
    for i, (low, high) in enumerate(prefix_ranges(asked)):
        where.append(
            f"s.account_id IN (SELECT w.account_id FROM search_word w WHERE w.word >= :low{i} AND w.word < :high{i})"
        )
        values |= {f"low{i}": low, f"high{i}": high}
    return where, values
