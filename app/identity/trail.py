"""How the entries of the audit trail read on its page. What is kept, and what machines get, stays as it was written."""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from typing import Any

from app.core.http.words import count, day
from app.core.money import money
from app.identity.models import AuditEntry

_DID = {
    "ask for": "asked for", "call": "called the", "cancel": "cancelled", "discard": "discarded",
    "ended the override": "ended the override of", "hand over": "handed over", "import.cancel": "stopped",
    "import.discard": "discarded", "import.run": "ran", "import.upload": "uploaded", "make": "made", "match": "matched",
    "overrode the score": "overrode the score of", "remove": "removed", "replay": "replayed", "retry": "retried",
    "save": "saved", "write down": "wrote down",
}  # fmt: skip
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def did(entry: AuditEntry) -> str:
    """Say what was done to what: `write down`, `note on Acme` → wrote down a note on Acme."""
    article = {"write down": "an " if entry.subject[:1] in "aeiou" else "a "}.get(entry.act, "")
    return f"{_DID.get(entry.act, entry.act)} {article}{entry.subject}"


def details(entry: AuditEntry, currency: str) -> Iterator[tuple[str, str]]:
    """Give what changed, as the name of the thing and its value, or its values before and after."""
    for name, value in entry.changes.items():
        if name.endswith("_minor") and isinstance(value, int):
            yield name.removesuffix("_minor").replace("_", " "), money(value, currency)
        else:
            yield name.replace("_", " "), _change(value)


def _change(value: Any) -> str:
    if isinstance(value, list):
        return " → ".join(_plain(each) for each in value) if len(value) == 2 else ", ".join(map(_plain, value))
    return _plain(value)


def _plain(value: Any) -> str:
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}".replace("-", "−")
    if isinstance(value, int):
        return count(value).replace("-", "−")
    with suppress(ValueError):  # a person's own words may look like a day and be none
        return day(date.fromisoformat(value)) if isinstance(value, str) and _DAY.fullmatch(value) else str(value)
    return str(value)
