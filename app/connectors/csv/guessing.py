"""What a file is and what its columns hold, guessed from headers and a sample of values; how sure each guess is."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from zoneinfo import ZoneInfo

from app.connectors.csv.kinds import KINDS, Field, Kind
from app.connectors.csv.reading import amounts, plain
from app.connectors.csv.reading.habits import Habits
from app.connectors.csv.reading.sheets import Sheet
from app.connectors.csv.translating import is_said_on_rejection, reader

SAMPLE = 200
_SURE, _LIKELY, _LEAST = 0.9, 0.6, 0.5
_ANY_ZONE, _ANY_CURRENCY = ZoneInfo("UTC"), "XXX"  # only form is judged here: no zone or currency is wrong
_LEFT_OVER = {"accounts": "custom"}  # where columns go that nothing else claims
_CHANNEL_WORDS = {
    "ticket": ("ticket", "case", "support"), "phone": ("call", "phone"), "meeting": ("meeting", "qbr"),
    "email": ("email", "mail"), "chat": ("chat", "message"), "community": ("community", "forum", "post"),
}  # fmt: skip


@dataclass(frozen=True)
class Guess:
    """What a column is taken to hold, from 0 to 1 how surely."""

    field: str
    sureness: float

    @property
    def word(self) -> str:
        if self.field in _LEFT_OVER.values():
            return "left over"
        return "sure" if self.sureness >= _SURE else "likely" if self.sureness >= _LIKELY else "a guess"


def guess_kind(name: str, sheet: Sheet) -> Kind | None:
    """Give the kind whose fields explain most of the header; None when none of them can be filled."""
    scored = [(_fit(kind, name, sheet), -place, kind) for place, kind in enumerate(KINDS)]
    best = max(scored, key=lambda each: each[:2])
    return best[2] if best[0] > 0 else None


def guess_columns(kind: Kind, sheet: Sheet) -> dict[str, Guess]:
    """Give a guess for each column that something speaks for, the surest first served."""
    sample = list(islice((row.cells for row in sheet.rows() if not row.fault), SAMPLE))
    offers = sorted(
        ((guess, column) for column in sheet.columns for guess in _offers(column, kind, sample)),
        key=lambda offer: (-offer[0].sureness, sheet.columns.index(offer[1])),
    )
    guesses: dict[str, Guess] = {}
    for guess, column in offers:
        is_free = kind.field(guess.field).many or guess.field not in {given.field for given in guesses.values()}
        if column not in guesses and is_free:
            guesses[column] = guess
    return _with_left_overs(guesses, kind, sheet)


def guess_channel(name: str, sheet: Sheet) -> str:
    """Give the channel that a file of interactions without such a column is about."""
    words = " ".join([*(_normal(column) for column in sheet.columns), _normal(name)])
    return next(
        (channel for channel, known in _CHANNEL_WORDS.items() if any(word in words for word in known)), "ticket"
    )


def _fit(kind: Kind, name: str, sheet: Sheet) -> float:
    """Sum the surenesses of a kind's own fields; what fits every kind (ids, names, days) counts little."""
    guesses = guess_columns(kind, sheet)
    held = {guess.field for guess in guesses.values()}
    if not all(held & set(group) for group in kind.needs):
        return 0.0
    fit = sum(guess.sureness * _weight(column, guess.field, kind) for column, guess in guesses.items())
    return fit + 2.5 * any(word in name.casefold() for word in kind.words)


def _weight(column: str, field: str, kind: Kind) -> float:
    if field == "custom":
        return 0.05
    rivals = sum(_normal(column) in other.names for each in KINDS if each is not kind for other in each.fields)
    is_own_id = field == "external_id" and kind.field(field).names[0] == _normal(column)
    return 3.0 if is_own_id else 1.0 / (1 + rivals)


def _offers(column: str, kind: Kind, sample: Sequence[Mapping[str, str]]) -> list[Guess]:
    if is_said_on_rejection(column):
        return []
    offers = []
    for field in kind.fields:
        likeness = _likeness(_normal(column), field)
        if likeness >= _LEAST and (sureness := likeness * _readable(column, field, sample)) >= _LEAST:
            offers.append(Guess(field.code, round(sureness, 3)))
    return offers


def _likeness(name: str, field: Field) -> float:
    """Say how near a header is to a field's usual names: the same 1, earlier names a little more; a part of it less."""
    if name in field.names:
        return 1 - 0.005 * field.names.index(name)
    bare = name.removesuffix(f"_{_currency(name)}") if _currency(name) else name
    if bare in field.names:
        return 0.95
    words = set(bare.split("_"))
    shares = [len(own & words) / len(own | words) for own in map(_words, field.names) if own <= words or words <= own]
    return 0.85 * max(shares, default=0.0)


def _words(name: str) -> set[str]:
    return set(name.split("_"))


def _currency(name: str) -> str:
    last = name.rsplit("_", 1)[-1]
    return last if last.upper() in amounts.CURRENCIES else ""


def _readable(column: str, field: Field, sample: Sequence[Mapping[str, str]]) -> float:
    """Give the share of a column's values that can be read as what the field holds; 1 when it is empty."""
    texts = [text for row in sample if not plain.is_missing(text := row[column].strip())]
    if not texts:
        return 1.0
    read = reader(field.reads, column, Habits(), _ANY_ZONE, _ANY_CURRENCY)
    return sum(_can(read, text) for text in texts) / len(texts)


def _can(read: object, text: str) -> bool:
    try:
        read(text)  # type: ignore[operator]
    except ValueError as error:
        return "may be" in str(error) or "this workspace counts" in str(error)
    return True


def _with_left_overs(guesses: dict[str, Guess], kind: Kind, sheet: Sheet) -> dict[str, Guess]:
    code = _LEFT_OVER.get(kind.code)
    if code:
        for column in sheet.columns:
            if column not in guesses and not is_said_on_rejection(column):
                guesses[column] = Guess(code, 1.0)
    return {column: guesses[column] for column in sheet.columns if column in guesses}


def _normal(name: str) -> str:
    """Write a header in small letters with underscores: `Account ID`, `accountId` and `account-id` are one."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"[^a-z0-9]+", "_", apart.casefold()).strip("_")
