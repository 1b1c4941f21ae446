"""Takes files in hand: keeps them, guesses what they are, and waits for a person to agree."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.connectors.csv import guessing
from app.connectors.csv.kinds import BY_CODE, Kind
from app.connectors.csv.models import Import, ImportFile
from app.connectors.csv.reading import sheets
from app.connectors.csv.reading.sheets import Sheet, UnreadableError
from app.conversations.models import CHANNELS
from app.extensions import db


def bring_in(
    name: str, files: Iterable[tuple[str, bytes]], now: datetime, day_first: bool | None = None, by: int | None = None
) -> Import:
    """Keep files as an import in the state `mapping`, each with a guessed kind and mapping."""
    made = Import(name=name, day_first=day_first, created_by=by, created_at=now)
    db.session.add(made)
    db.session.flush()
    taken: set[str] = set()
    for given, content in files:
        distinct = _distinct(given, taken)
        taken.add(distinct)
        db.session.add(_file(made.id, distinct, content))
    db.session.flush()
    return made


def change_kind(file: ImportFile, kind: Kind | None) -> None:
    """Read a file as another kind: the guesses are made anew."""
    file.kind = kind.code if kind else None
    file.mapping = _mapping(file.name, sheets.read(file.content), kind) if kind else {}


def change_columns(file: ImportFile, kind: Kind, columns: Mapping[str, str], channel: str | None) -> None:
    """Have a file's columns read as a person says; what names no field of the kind is left out."""
    said = {column: code for column, code in columns.items() if code in kind.by_code}
    guessed = file.mapping.get("columns", {})
    sureness = {
        column: word
        for column, word in file.mapping.get("sureness", {}).items()
        if said.get(column) == guessed.get(column)
    }
    file.mapping = {"columns": said, "sureness": sureness} | ({"channel": channel} if channel in CHANNELS else {})


def earlier(file: ImportFile) -> Import | None:
    """Give the newest finished import that held a file of the same bytes."""
    same = (
        select(Import)
        .join(ImportFile, (ImportFile.workspace_id == Import.workspace_id) & (ImportFile.import_id == Import.id))
        .where(ImportFile.digest == file.digest, Import.id != file.import_id, Import.state == "done")
    )
    found: Import | None = db.session.scalars(same.order_by(Import.id.desc()).limit(1)).first()
    return found


def _file(import_id: int, name: str, content: bytes) -> ImportFile:
    file = ImportFile(
        import_id=import_id,
        name=name,
        content=content,
        digest=hashlib.sha256(content).hexdigest(),
        kind=None,
        mapping={},
    )
    try:
        sheet = sheets.read(content)
    except UnreadableError as error:
        file.mapping = {"unreadable": str(error)}
        return file
    kind = guessing.guess_kind(name, sheet)
    file.kind = kind.code if kind else None
    file.mapping = _mapping(name, sheet, kind) if kind else {}
    file.rows = sum(1 for _ in sheet.rows())
    return file


def _mapping(name: str, sheet: Sheet, kind: Kind) -> dict[str, Any]:
    guesses = guessing.guess_columns(kind, sheet)
    mapping: dict[str, Any] = {
        "columns": {column: guess.field for column, guess in guesses.items()},
        "sureness": {column: guess.word for column, guess in guesses.items()},
    }
    if "channel" in kind.by_code and "channel" not in mapping["columns"].values():
        mapping["channel"] = guessing.guess_channel(name, sheet)
    return mapping


def constants_of(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """Give the values that a mapping fixes for all rows of a file."""
    return {"channel": mapping["channel"]} if mapping.get("channel") else {}


def kind_of(file: ImportFile) -> Kind | None:
    """Give a file's kind; None while nobody has said it."""
    return BY_CODE.get(file.kind or "")


def _distinct(name: str, taken: set[str]) -> str:
    stem, dot, ending = name.rpartition(".")
    distinct, nth = name, 1
    while distinct in taken:
        nth += 1
        distinct = f"{stem} ({nth}){dot}{ending}" if dot else f"{name} ({nth})"
    return distinct
