"""What is carried in one go, as plain values: no row is held while the other side takes its time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Message:
    """An announcement as it is delivered; `attempts` counts this try too."""

    delivery_id: int
    announcement_id: int
    message_id: str
    type: str
    occurred_at: datetime
    account_id: int | None
    data: dict[str, Any]
    attempts: int
    first_tried_at: datetime


@dataclass(frozen=True)
class Parcel:
    """The messages of one try, to one subscriber. `email` and `person` are those of a member who is told by mail."""

    workspace_id: int
    workspace: str
    subscriber_id: int
    kind: str
    name: str
    url: str
    secrets: tuple[str, ...]
    user_id: int | None
    email: str | None
    person: str | None
    pace: str | None
    messages: tuple[Message, ...]
