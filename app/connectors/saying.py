"""What any protocol says, in our terms: the one shape that each connector translates its wire format into."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec

from app.core.clock import in_utc

SKEW = timedelta(minutes=1)  # a sender's clock that is off by less is left alone
_EPOCH_MS = 10_000_000_000  # beyond it a number of seconds would lie after the year 2286


class UnusableError(Exception):
    """A message that cannot be used as it is: which field, and why."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field, self.detail = field, detail


@dataclass(frozen=True)
class Said:
    """One message. Something happened (`event`), and/or something is told of an account or a person.

    `is_metered`: the event is named as a meter is, by a metering system. `was`: an earlier id of the person.
    `subscription` stands for the account that has it. Traits are None where nothing is told.
    """

    id: str
    at: datetime
    event: str | None = None
    is_metered: bool = False
    properties: Mapping[str, Any] = field(default_factory=dict)
    account: str | None = None
    subscription: str | None = None
    person: str | None = None
    account_traits: Mapping[str, Any] | None = None
    person_traits: Mapping[str, Any] | None = None
    consents: Mapping[str, Any] | None = None
    was: str | None = None


def text_of(message: Mapping[str, Any], name: str, longest: int = 200) -> str | None:
    """Give a field as text, None when it is not there. Raises UnusableError when it is no name."""
    value = message.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, (str, int)) or len(str(value)) > longest:
        raise UnusableError(name, f"`{name}` must be a text of up to {longest} letters.")
    if "\0" in str(value):
        raise UnusableError(name, f"`{name}` may not hold the character NUL.")
    return str(value)


def mapping_of(message: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Give a field as an object, empty when it is not there. Raises UnusableError when it is something else."""
    value = message.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise UnusableError(name, f"`{name}` must be an object.")
    return value


def id_of(message: Mapping[str, Any], name: str) -> str:
    """Give the id that makes a message count once; of one without, the hash of what it says."""
    given = text_of(message, name)
    if given is not None:
        return given
    said = {key: value for key, value in message.items() if key not in {"sentAt", "sent_at", "receivedAt"}}
    return sha256(msgspec.json.encode(said, order="deterministic")).hexdigest()


def moment_of(message: Mapping[str, Any], *names: str) -> datetime | None:
    """Give the first of some fields that holds a time: ISO 8601 (UTC unless it says a zone), Unix seconds or ms."""
    for name in names:
        if message.get(name) not in {None, ""}:
            return _moment(name, message[name])
    return None


def happened_at(said: datetime | None, sent: datetime | None, received: datetime) -> datetime:
    """Put right the clock of a sender that is off: received − (sent − said), as the Segment protocol has it."""
    if said is None:
        return received
    if sent is None or abs(received - sent) <= SKEW:
        return said
    try:
        return received - (sent - said)
    except OverflowError:
        return received


def _moment(name: str, value: Any) -> datetime:
    try:
        if isinstance(value, str) and not value.replace(".", "", 1).isdecimal():
            found = datetime.fromisoformat(value)
            return in_utc(found if found.tzinfo else found.replace(tzinfo=UTC))
        seconds = float(value)
        return datetime.fromtimestamp(seconds / 1000 if seconds > _EPOCH_MS else seconds, UTC)
    except (ValueError, TypeError, OverflowError, OSError) as error:
        raise UnusableError(name, f"`{name}` must be a time such as 2026-11-20T09:00:00Z, and is {value!r}.") from error
