"""What an event is: how it is found in the rows of others, and how it is said in one line."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import text

from app.core.money import short_money
from app.extensions import db

CATCH_UP = timedelta(days=3)
"""How far back is looked, so that nothing is lost while nothing ran; what was told before is not told again."""
AT_MOST = 2_000
"""A type a round: what is left is found in the next."""
_LONGEST_TEXT = 500

Data = Mapping[str, Any]


@dataclass(frozen=True)
class Moment:
    """When and for whom is looked: the workspace's day and currency, where its pages are, the thresholds asked for."""

    now: datetime
    today: date
    currency: str
    base_url: str
    thresholds: tuple[float, ...]

    @property
    def since(self) -> date:
        return self.today - CATCH_UP

    def money(self, minor: float | None) -> str:
        return short_money(minor, self.currency)


@dataclass(frozen=True)
class Found:
    """One that happened. Subject and occasion are the same whenever it is found."""

    subject: str
    occasion: str
    data: dict[str, Any]
    account_id: int | None = None
    owner_id: int | None = None


@dataclass(frozen=True)
class Event:
    """A type of event. `waits_for_morning`: it belongs to a day, and is told when people get up."""

    code: str
    title: str
    find: Callable[[Moment], Iterable[Found]]
    headline: Callable[[Data], str]
    waits_for_morning: bool = False


def rows(query: str, moment: Moment, **values: Any) -> list[Any]:
    """Read what a query finds since CATCH_UP; it says LIMIT :limit."""
    known = {"since": moment.since, "today": moment.today, "now": moment.now, "limit": AT_MOST}
    return list(db.session.execute(text(query), known | values))


def account_of(row: Any, moment: Moment) -> dict[str, Any]:
    """Give what every event says of its account: a row has account_id, external_id, name and arr_minor."""
    return {
        "id": row.account_id,
        "external_id": shortened(row.external_id),
        "name": shortened(row.name),
        "url": f"{moment.base_url}/accounts/{row.account_id}",
        "arr_minor": row.arr_minor,
        "currency": moment.currency,
    }


def shortened(words: str) -> str:
    """Keep a text within what a message may hold."""
    return words if len(words) <= _LONGEST_TEXT else words[: _LONGEST_TEXT - 1] + "…"
