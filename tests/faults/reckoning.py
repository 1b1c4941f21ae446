"""What should have been counted, reckoned in plain Python from what was sent; and what was, read from the tables."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from tests.books import KEPT_EVENTS

Query = Callable[..., Iterable[Any]]
Id = tuple[str, str]
"""Of an event: its source, and what the source calls it."""


@dataclass(frozen=True)
class Fact:
    """What one event says."""

    account: str
    meter: str
    quantity: float
    at: datetime
    person: str | None = None

    def day(self, zone: str) -> date:
        return self.at.astimezone(ZoneInfo(zone)).date()


@dataclass(frozen=True)
class Counted:
    """totals: {(account, meter, day): total}, noughts left out; people: {(account, person, day)} of active days."""

    totals: Mapping[tuple[str, str, date], float]
    people: frozenset[tuple[str, str, date]]


def reckon(facts: Iterable[Fact], zone: str, maxima: frozenset[str] = frozenset()) -> Counted:
    """Count facts, each of them once. `maxima`: the meters that keep a day's largest."""
    cells, people = defaultdict[tuple[str, str, date], list[float]](list), set[tuple[str, str, date]]()
    for fact in facts:
        cells[fact.account, fact.meter, fact.day(zone)].append(fact.quantity)
        if fact.person:
            people.add((fact.account, fact.person, fact.day(zone)))
    totals = {cell: max(0.0, *given) if cell[1] in maxima else sum(given) for cell, given in cells.items()}
    return Counted({cell: total for cell, total in totals.items() if total}, frozenset(people))


def counted(query: Query, workspace: int) -> Counted:
    """Read what was counted in a workspace. `query` runs SQL with values and gives rows."""
    months = query(
        "SELECT a.external_id, m.code, u.month, u.totals FROM daily_usage u"
        " JOIN account a USING (workspace_id) JOIN meter m USING (workspace_id)"
        " WHERE u.workspace_id = :workspace AND a.id = u.account_id AND m.id = u.meter_id",
        workspace=workspace,
    )
    people = query(
        "SELECT a.external_id, u.person, u.month, u.days FROM user_month u JOIN account a USING (workspace_id)"
        " WHERE u.workspace_id = :workspace AND a.id = u.account_id",
        workspace=workspace,
    )
    return Counted(
        {
            (account, meter, month.replace(day=day)): total
            for account, meter, month, totals in months
            for day, total in enumerate(totals, 1)
            if total
        },
        frozenset(
            (account, person, month.replace(day=day))
            for account, person, month, days in people
            for day in range(1, 32)
            if days >> (day - 1) & 1
        ),
    )


def in_ledger(query: Query, workspace: int) -> set[tuple[str, UUID]]:
    """Give the source and key of each event that stands in the ledger."""
    ledger = "SELECT s.name, e.key FROM counted_event e JOIN usage_source s USING (workspace_id)"
    which = " WHERE e.workspace_id = :workspace AND s.id = e.source_id"
    return {tuple(row) for row in query(ledger + which, workspace=workspace)}


def key_of(event_id: str) -> UUID:
    """Give the key under which the ledger knows an event id."""
    return UUID(bytes=sha256(event_id.encode()).digest()[:16])


def as_they_came(query: Query, workspace: int) -> Counter[Id]:
    """Give how often each event stands among those kept as they came."""
    kept = f"SELECT s.name, e.event_id FROM {KEPT_EVENTS} e JOIN usage_source s USING (workspace_id)"
    which = " WHERE e.workspace_id = :workspace AND s.id = e.source_id"
    return Counter(tuple(row) for row in query(kept + which, workspace=workspace))


def accepted(query: Query, workspace: int) -> int:
    """Give how many records the product says it accepted, folded or not."""
    (row,) = query(
        "SELECT coalesce((SELECT sum(accepted) FROM usage_source WHERE workspace_id = :workspace), 0)"
        " + coalesce((SELECT sum(accepted) FROM intake WHERE workspace_id = :workspace), 0) AS n",
        workspace=workspace,
    )
    return int(row.n)
