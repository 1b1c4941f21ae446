"""Tells each account's chance to pay less, or more, within 90 days, with reasons where a model can be trusted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import repeat
from typing import Any

import numpy as np

from app.health import queries
from app.health.knowing.reading import Book
from app.health.model.opening import kept_average, open_model
from app.health.model.telling import currency_in_force, written
from app.health.models import MoveModel
from app.health.moves.rates import move_rates
from app.health.writing import Columns, keep_with_model
from ml.moves import MOVES
from ml.reasons.explain import Reason, Reasons, reasons

TOP = 3


@dataclass(frozen=True)
class Chances:
    """The chance of one move [n] against the book's average; reasons only where there is a model."""

    kind: str
    chance: np.ndarray
    average: float
    found: Reasons | None
    currency: str = ""

    def said(self, rows: slice) -> Iterable[list[dict[str, Any]]]:
        """Give the reasons of a stretch of accounts."""
        return repeat([]) if self.found is None else [_plain(each, self.currency) for each in self.found.in_words(rows)]


@dataclass(frozen=True)
class Moves:
    """Both moves of a book's accounts, in its order."""

    chances: tuple[Chances, ...]

    def columns(self, stretch: slice) -> Columns:
        """Give what is stored of a stretch of accounts."""
        told: list[dict[str, Any]] = [{} for _ in range(stretch.start, stretch.stop)]
        for each in self.chances:
            basis = "base rate" if each.found is None else "model"
            for row, said in zip(told, each.said(stretch), strict=False):
                row[each.kind] = {"basis": basis, "average": each.average, "reasons": said}
        return {f"{each.kind}_90": each.chance[stretch].round(6) for each in self.chances} | {"moves": told}


def moves_of(book: Book, as_of: date, *, whole_book: bool) -> Moves:
    """Find the chances of each account of a book, by the newest model of a kind or, where it was refused, by rates."""
    if not len(book.ids):
        return Moves(())
    models = queries.move_models()
    return Moves(tuple(_chances(kind, models.get(kind), book, as_of, whole_book=whole_book) for kind in MOVES))


def _chances(kind: str, version: MoveModel | None, book: Book, as_of: date, *, whole_book: bool) -> Chances:
    model = open_model(version.artifact, version.id) if version else None
    if version is None or version.artifact is None or model is None:
        tiers = queries.tiers_of(book.ids.tolist())
        chance = move_rates(kind, as_of).chances([tiers.get(i) for i in book.ids.tolist()])
        return Chances(kind, chance, float(chance.mean()), None)
    average = kept_average(version.artifact, whole_book=whole_book)
    found = reasons(model, book.values, book.before, book.flags, top=TOP, book=average)
    if whole_book:
        keep_with_model("move_model", version.id, "average", found.book.dump())
    return Chances(kind, found.risk, found.book.risk, found, currency_in_force())


def _plain(said: Sequence[Reason], currency: str) -> list[dict[str, Any]]:
    return [
        {
            "code": reason.code,
            "sentence": written(reason.code, reason.sentence, currency),
            "points": round(reason.points, 4),
        }
        for reason in said
    ]
