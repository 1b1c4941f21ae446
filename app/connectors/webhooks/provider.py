"""What a provider of webhooks is: how it signs, how it names its messages, and what they say in our own terms."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from werkzeug.datastructures import Headers as RequestHeaders

Headers = Mapping[str, str] | RequestHeaders
"""As they came, whose names may be written in any case, or as they are kept."""


class BadSignatureError(Exception):
    """Nobody who knows the secret signed this, or not lately. Says what to look at."""


class UnusableError(Exception):
    """A message that cannot be brought into the book. Says why, so that a person can mend the cause."""


@dataclass(frozen=True)
class Envelope:
    """What is written on the outside: the sender's own id of the message, its type, and when it happened."""

    event_id: str
    event_type: str
    happened_at: datetime | None


@dataclass(frozen=True)
class Fact:
    """What a message says of one object. Equal moments are ordered by `rank`, then by the id of the message.

    `currency`: of the money in `said`, if there is any.
    """

    kind: str
    object_id: str
    family: str
    happened_at: datetime
    said: dict[str, Any]
    rank: int = 0
    currency: str | None = None


@dataclass
class Told:
    """Everything a message says; `left_out` tells people what of it does not count.

    `unusable`: why parts of it cannot be brought in, where the rest can.
    """

    facts: list[Fact] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    unusable: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Message:
    """A message that was kept, opened: its document, and what is known of how it came."""

    envelope: Envelope
    document: Any
    received_at: datetime


@dataclass(frozen=True)
class Provider:
    """A system that sends webhooks.

    `verify(headers, body, secrets, now)` raises BadSignatureError. `label(headers, document)` gives None for what the
    message does not say. `tell(message)` raises UnusableError, and gives no facts for what is of no use to us.
    `new_secret` makes one where it is ours to give; `flaw_of` says what is wrong with one that a person entered.
    """

    code: str
    title: str
    verify: Callable[[Headers, bytes, Sequence[str], datetime], None]
    label: Callable[[Headers, Any], tuple[str | None, str, datetime | None]]
    tell: Callable[[Message], Told]
    signs_with: str
    flaw_of: Callable[[str], str | None]
    keeps: tuple[str, ...] = ()
    new_secret: Callable[[], str] | None = None
    is_billing: bool = True
