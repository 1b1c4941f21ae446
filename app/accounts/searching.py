"""Finds accounts and people by the beginnings of the words of their names."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from app.core.upserting import CHUNK, as_json
from app.extensions import db

_WORDS = re.compile(r"[^\W_]+")
_PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})
_LONGEST = 40


@dataclass(frozen=True)
class Found:
    """An account, or a person at one, whose name begins with the words asked for."""

    account_id: int
    account: str
    person: str | None
    band: str
    arr_minor: int


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
        " SELECT s.account_id, s.name AS account, c.name AS person, s.band, s.arr_minor FROM hit"
        " JOIN account_summary s ON s.account_id = hit.account_id"
        " LEFT JOIN contact c ON c.id = hit.contact_id AND hit.contact_id > 0"
        " ORDER BY (hit.contact_id > 0), s.arr_minor DESC, s.name LIMIT :limit"
    )
    return [Found(*row) for row in db.session.execute(query, _ranges(words) | {"limit": limit})]


def words_of(name: str | None) -> list[str]:
    """Cut a name into plain lower-case words without accents, the longest first (it is the rarest)."""
    plain = _plain((name or "").casefold())
    return sorted({word[:_LONGEST] for word in _WORDS.findall(plain)}, key=lambda word: (-len(word), word))


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
    _index(
        account_ids,
        "SELECT id, 0, concat_ws(' ', name, domain, external_id) FROM account WHERE id = ANY(:ids)",
        "contact_id = 0",
    )


def index_contacts(account_ids: Sequence[int]) -> None:
    """Write the words of the people at accounts anew: name and e-mail."""
    _index(
        account_ids,
        "SELECT account_id, id, concat_ws(' ', name, split_part(email, '@', 1)) FROM contact"
        " WHERE account_id = ANY(:ids)",
        "contact_id > 0",
    )


def _index(account_ids: Sequence[int], names: str, which: str) -> None:
    for start in range(0, len(account_ids), CHUNK):
        _index_some(list(account_ids[start : start + CHUNK]), names, which)


def _index_some(account_ids: list[int], names: str, which: str) -> None:
    rows = [
        {"account_id": account_id, "contact_id": contact_id, "word": word}
        for account_id, contact_id, name in db.session.execute(text(names), {"ids": account_ids})
        for word in words_of(name)
    ]
    db.session.execute(text(_WRITE.format(which=which)), {"ids": account_ids, "rows": as_json(rows)})


_WRITE = """
WITH given AS (
    SELECT * FROM json_to_recordset(CAST(:rows AS json)) AS r (word text, account_id bigint, contact_id bigint)
), gone AS (
    DELETE FROM search_word w WHERE account_id = ANY(:ids) AND {which}
    AND NOT EXISTS (
        SELECT FROM given g WHERE (g.word, g.account_id, g.contact_id) = (w.word, w.account_id, w.contact_id))
)
INSERT INTO search_word (word, account_id, contact_id) SELECT word, account_id, contact_id FROM given
ON CONFLICT DO NOTHING
"""


def _ranges(words: Sequence[str]) -> dict[str, str]:
    bounds = prefix_ranges(" ".join(words))
    return {f"low{i}": low for i, (low, _) in enumerate(bounds)} | {
        f"high{i}": high for i, (_, high) in enumerate(bounds)
    }
