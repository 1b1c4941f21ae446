"""Values out of documents that others wrote: of the right kind and within bounds, or refused by name."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from app.connectors.webhooks.provider import UnusableError

LONGEST = 300
_LATEST_S = 4_102_444_800  # 2100: later is a mistake
_LARGEST = 10**15


def document_of(body: bytes) -> Any:
    """Read a body as JSON. Raises UnusableError."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise UnusableError(f"The body is not JSON: {error}.") from error


def part(node: Any, *names: str) -> Mapping[str, Any]:
    """Give the object at the end of a path; an empty one where the path breaks off."""
    for name in names:
        node = node.get(name) if isinstance(node, Mapping) else None
    return node if isinstance(node, Mapping) else {}


def parts(node: Any, *names: str) -> list[Mapping[str, Any]]:
    """Give the objects of the list at the end of a path."""
    found = part(node, *names[:-1]).get(names[-1])
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def word(node: Any, *names: str) -> str | None:
    """Give the first of some fields that holds words. A number is taken for its digits."""
    for name in names:
        value = part(node).get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if isinstance(value, str) and value.strip():
            return _bounded(value.strip(), name)
    return None


def needed(node: Any, name: str, of: str) -> str:
    """Give a field that must be there. Raises UnusableError."""
    found = word(node, name)
    if found is None:
        raise UnusableError(f"The {of} has no `{name}`.")
    return found


def reference(value: Any) -> str | None:
    """Give the id that a field names, be it the id alone or the whole object."""
    return word({"id": value}, "id") or word(value, "id")


def instant(node: Any, *names: str) -> datetime | None:
    """Give the first of some fields that holds a moment: seconds since 1970, or ISO 8601 (in UTC unless it says so)."""
    for name in names:
        value = part(node).get(name)
        if value is not None and value != "":
            return _moment(value, name)
    return None


def calendar_day(node: Any, name: str) -> str | None:
    """Give a field that holds a day without a time, as it is written; it belongs to no time zone."""
    written = word(node, name)
    if written is None:
        return None
    try:
        return date.fromisoformat(written[:10]).isoformat()
    except ValueError as error:
        raise UnusableError(f"`{name}` is no day: {written!r:.60}.") from error


def whole(node: Any, *names: str) -> int | None:
    """Give the first of some fields that holds a whole number."""
    found = number(node, *names)
    return None if found is None else int(found)


def number(node: Any, *names: str) -> Decimal | None:
    """Give the first of some fields that holds a number, as it was written."""
    for name in names:
        value = part(node).get(name)
        if value is not None and value != "" and not isinstance(value, bool):
            return _number(value, name)
    return None


def iso(moment: datetime | None) -> str | None:
    """Write a moment as facts keep it."""
    return None if moment is None else moment.astimezone(UTC).isoformat()


def moment(written: str | None) -> datetime | None:
    """Read a moment as facts keep it."""
    return None if written is None else datetime.fromisoformat(written)


def _bounded(value: str, name: str) -> str:
    if "\0" in value:
        raise UnusableError(f"`{name}` holds a NUL, which no text here can keep.")
    return value[:LONGEST]


def _moment(value: Any, name: str) -> datetime:
    try:
        seconds = _seconds(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise UnusableError(f"`{name}` is no moment: {value!r:.60}.") from error
    if not 0 <= seconds < _LATEST_S:
        raise UnusableError(f"`{name}` lies outside 1970–2100: {value!r:.60}.")
    return datetime.fromtimestamp(seconds, UTC)


def _seconds(value: Any) -> float:
    if not isinstance(value, str) or value.isdecimal():
        return float(value)
    read = datetime.fromisoformat(value)
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()


def _number(value: Any, name: str) -> Decimal:
    try:
        read = Decimal(str(value))
    except InvalidOperation as error:
        raise UnusableError(f"`{name}` is no number: {value!r:.60}.") from error
    if not read.is_finite() or abs(read) > _LARGEST:
        raise UnusableError(f"`{name}` is beyond what can be counted: {value!r:.60}.")
    return read
