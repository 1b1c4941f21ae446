"""Finds accounts and people by the beginnings of the words of their names."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import TextClause, text

from app.accounts.spanning import listed
from app.core.bulk.arrays import Packed, texts, wholes
from app.core.bulk.upserting import CHUNK
from app.extensions import db

_WORDS = re.compile(r"[^\W_]+")
_PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})
_LONGEST = 40
Each = TypeVar("Each")


@dataclass(frozen=True)
class Found:
    """An account, or a person at one, whose name begins with the words asked for."""

    account_id: int
    account: str
    person: str | None
    band: str
    arr_minor: int
    stage: str
    left_on: date | None
    """Of a former customer the day since which it pays nothing."""


_LEFT_ON = (
    "CASE WHEN s.stage = 'former' THEN (SELECT max(c.ended_on) FROM subscription c"
    " WHERE c.account_id = s.account_id) END"
)


def find(asked: str, limit: int = 12) -> list[Found]:
    """Give what matches every word of `asked` as the beginning of one of its own, largest accounts first."""
    words = words_of(asked)
    if not words:
        return []
    also = "".join(
        f" AND account_id IN (SELECT account_id FROM search_word WHERE word >= :low{i} AND word < :high{i})"
        for i in range(1, len(words))
    )
    query = text(
        "WITH hit AS (SELECT DISTINCT account_id, contact_id FROM (SELECT account_id, contact_id FROM search_word first"
        f" WHERE word >= :low0 AND word < :high0{also} LIMIT 400) few)"
        " SELECT s.account_id, s.name, (SELECT c.name FROM contact c WHERE c.id = hit.contact_id), s.band, s.arr_minor,"
        f" s.stage, {_LEFT_ON}"
        " FROM hit JOIN account_summary s ON s.account_id = hit.account_id"
        " ORDER BY (hit.contact_id > 0), s.arr_minor DESC, s.name LIMIT :limit"
    )
    return [Found(*row) for row in db.session.execute(query, _ranges(words) | {"limit": limit})]


def words_of(name: str | None) -> list[str]:
    """Cut a name into plain lower-case words without accents, the longest first (it is the rarest)."""
    return sorted(_words(name or ""), key=lambda word: (-len(word), word))


def _words(name: str) -> set[str]:
    return {word[:_LONGEST] for word in _WORDS.findall(_plain(name.casefold()))}


def _plain(name: str) -> str:
    if name.isascii():
        return name
    apart = unicodedata.normalize("NFKD", name)
    return "".join(letter for letter in apart if not unicodedata.combining(letter)).translate(_PLAIN)


def prefix_ranges(asked: str) -> list[tuple[str, str]]:
    """Give, for each word of `asked`, the half-open range of words that begin with it."""
    return [(word, word[:-1] + chr(ord(word[-1]) + 1)) for word in words_of(asked)]


def index_accounts(account_ids: Sequence[int]) -> None:
    """Write the words of accounts anew: name, domain and external id."""
    for ids in _chunks(account_ids):
        _write(ids, db.session.execute(_ACCOUNTS, {"ids": listed(ids)}), _ACCOUNTS_WORDS)


def index_new_accounts(names: Sequence[tuple[int, str]]) -> None:
    """Write the first words of accounts that this transaction has made: (id, what it is called)."""
    for some in _chunks(names):
        db.session.execute(_ADD, _packed((account_id, 0, name) for account_id, name in some))


def index_contacts(account_ids: Sequence[int]) -> None:
    """Write the words of the people at accounts anew: name and e-mail."""
    for ids in _chunks(account_ids):
        _write(ids, db.session.execute(_CONTACTS, {"ids": listed(ids)}), _CONTACTS_WORDS)


def _chunks(all_: Sequence[Each]) -> Iterator[Sequence[Each]]:
    return (all_[start : start + CHUNK] for start in range(0, len(all_), CHUNK))


def _write(account_ids: Sequence[int], names: Iterable[Any], statement: TextClause) -> None:
    db.session.execute(statement, {"ids": listed(account_ids)} | _packed(names))


def _packed(names: Iterable[Any]) -> dict[str, Packed]:
    rows = [(word, account_id, contact_id) for account_id, contact_id, name in names for word in _words(name)]
    words, account_ids, contact_ids = zip(*rows, strict=True) if rows else ((), (), ())
    return {"words": texts(words), "account_ids": wholes(account_ids), "contact_ids": wholes(contact_ids)}


_ACCOUNTS = text(
    "SELECT id, 0, concat_ws(' ', name, domain, external_id) FROM account WHERE id = ANY(CAST(:ids AS bigint[]))"
)
_CONTACTS = text(
    "SELECT account_id, id, concat_ws(' ', name, split_part(email, '@', 1)) FROM contact"
    " WHERE account_id = ANY(CAST(:ids AS bigint[]))"
)
_GIVEN = (
    "SELECT word, account_id, contact_id"
    " FROM unnest(:words, :account_ids, :contact_ids) AS r (word, account_id, contact_id)"
)
_ADD = text(f"INSERT INTO search_word (word, account_id, contact_id) {_GIVEN}")
_REPLACE = f"""
WITH given AS ({_GIVEN}), gone AS (
    DELETE FROM search_word w WHERE account_id = ANY(CAST(:ids AS bigint[])) AND {{which}}
    AND NOT EXISTS (
        SELECT FROM given g WHERE (g.word, g.account_id, g.contact_id) = (w.word, w.account_id, w.contact_id))
)
INSERT INTO search_word (word, account_id, contact_id) SELECT word, account_id, contact_id FROM given
ON CONFLICT DO NOTHING
"""
_ACCOUNTS_WORDS = text(_REPLACE.format(which="contact_id = 0"))
_CONTACTS_WORDS = text(_REPLACE.format(which="contact_id > 0"))


def _ranges(words: Sequence[str]) -> dict[str, str]:
    bounds = prefix_ranges(" ".join(words))
    return {f"low{i}": low for i, (low, _) in enumerate(bounds)} | {
        f"high{i}": high for i, (_, high) in enumerate(bounds)
    }
