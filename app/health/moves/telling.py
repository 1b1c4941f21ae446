"""Tells each account's chance to pay less, or more, within 90 days, with reasons where a model can be trusted."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from app.health import queries
from app.health.models import MoveModel
from app.health.moves.rates import move_rates
from app.health.reading import Book
from app.health.writing import keep_with_model
from ml import artifacts
from ml.explain import BookAverage, Reason, average_of, reasons
from ml.moves import MOVES

TOP = 3
Told = dict[str, Any]


def tell_moves(book: Book, as_of: date, *, whole_book: bool) -> list[Told]:
    """Give the columns of moves of each account of a book, in its order."""
    if not len(book.ids):
        return []
    models = queries.move_models()
    told: list[Told] = [{"moves": {}} for _ in book.ids]
    for kind in MOVES:
        model = models.get(kind)
        if model is None or model.artifact is None:
            _tell_rate(told, kind, book, as_of)
        else:
            _tell_model(told, model, book, whole_book=whole_book)
    return told


def _tell_model(told: list[Told], version: MoveModel, book: Book, *, whole_book: bool) -> None:
    artifact: dict[str, Any] = version.artifact or {}
    model, kept = artifacts.load(artifact["model"]), artifact.get("average")
    average = BookAverage.load(kept) if kept and not whole_book else average_of(model, book.values, book.flags)
    if whole_book:
        keep_with_model("move_model", version.id, "average", average.dump())
    found = reasons(model, book.values, book.before, book.flags, top=TOP, book=average)
    for row, chance, said in zip(told, found.risk.round(6).tolist(), found.in_words(), strict=True):
        row[f"{version.kind}_90"] = chance
        row["moves"][version.kind] = {"basis": "model", "average": average.risk, "reasons": _plain(said)}


def _tell_rate(told: list[Told], kind: str, book: Book, as_of: date) -> None:
    tiers, ids = queries.tiers_of(book.ids.tolist()), book.ids.tolist()
    chances = move_rates(kind, as_of).chances([tiers.get(i) for i in ids])
    average = float(chances.mean())
    for row, chance in zip(told, chances.round(6).tolist(), strict=True):
        row[f"{kind}_90"] = chance
        row["moves"][kind] = {"basis": "base rate", "average": average, "reasons": []}


def _plain(said: Sequence[Reason]) -> list[dict[str, Any]]:
    return [{"code": reason.code, "sentence": reason.sentence, "points": round(reason.points, 4)} for reason in said]
