"""All that is known of a customer at one source, in the order in which it happened."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import text

from app.core.bulk.upserting import as_json
from app.extensions import db

_LOAD = text("""
SELECT f.delivery_id, f.kind, f.object_id, f.family, f.event_id, f.happened_at, f.rank, f.said,
       d.state IN ('waiting', 'held') AS waits
FROM webhook_fact f
JOIN webhook_delivery d ON d.workspace_id = f.workspace_id AND d.id = f.delivery_id
WHERE f.source_id = :source AND (f.kind, f.object_id) IN (
    SELECT kind, object_id FROM webhook_fact WHERE source_id = :source AND family = :family)
ORDER BY f.happened_at, f.rank, f.event_id
""")
_SETTLE = text("""
UPDATE webhook_delivery d SET state = s.state, reason = s.reason, settled_at = :now
FROM json_to_recordset(CAST(:settled AS json)) AS s (id bigint, state text, reason text)
WHERE d.id = s.id AND d.state IN ('waiting', 'held')
""")


@dataclass(frozen=True)
class Known:
    """One fact: who told it, of what, when, and whether its delivery still waits."""

    delivery_id: int
    kind: str
    object_id: str
    family: str
    event_id: str
    happened_at: datetime
    rank: int
    said: Mapping[str, Any]
    waits: bool

    @property
    def state(self) -> dict[str, Any]:
        """What the object is after it."""
        return _state(self.said)

    def follows(self, other: "Known") -> bool:
        """Say whether this changed what the other had left."""
        return self.said.get("before") is not None and _state(self.said["before"]) == other.state


def _state(said: Mapping[str, Any]) -> dict[str, Any]:
    """What was before a change is told without the period that is paid."""
    return {name: value for name, value in said.items() if name not in {"before", "period_ends_at"}}


Objects = dict[tuple[str, str], list[Known]]


@dataclass
class Family:
    """A customer's objects, each with all that was told of it. `theirs` leaves out what belongs to another by now."""

    source_id: int
    name: str
    objects: Objects

    def theirs(self, kind: str) -> dict[str, list[Known]]:
        """Give the objects of a kind that are still this customer's, by id."""
        return {
            object_id: told
            for (of, object_id), told in self.objects.items()
            if of == kind and told[-1].family == self.name
        }

    def ids(self, kind: str) -> list[str]:
        """Give the ids of all objects of a kind that were ever this customer's."""
        return [object_id for of, object_id in self.objects if of == kind]

    def waiting(self) -> list[int]:
        """Give the deliveries about this customer that wait, in the order in which what they tell happened."""
        facts = [fact for told in self.objects.values() for fact in told if fact.waits and fact.family == self.name]
        facts.sort(key=lambda fact: (fact.happened_at, fact.rank, fact.event_id))
        return list(dict.fromkeys(fact.delivery_id for fact in facts))


def family_of(source_id: int, name: str, without: Collection[int] = ()) -> Family:
    """Read what is known of a customer, leaving out some deliveries."""
    objects: Objects = defaultdict(list)
    for row in db.session.execute(_LOAD, {"source": source_id, "family": name}):
        if row.delivery_id not in without:
            objects[(row.kind, row.object_id)].append(Known(*row))
    return Family(source_id, name, {key: _in_turn(told) for key, told in objects.items()})


def _in_turn(told: Sequence[Known]) -> list[Known]:
    """Order facts of one moment by what each says was before it; where none does, by the ids of their messages."""
    turn: list[Known] = []
    for _, group in groupby(told, key=lambda fact: (fact.happened_at, fact.rank)):
        tied = list(group)
        while tied:
            after = [fact for fact in tied if turn and fact.follows(turn[-1])]
            free = [fact for fact in tied if not any(fact.follows(each) for each in tied if each != fact)]
            turn.append((after or free or tied)[0])
            tied.remove(turn[-1])
    return turn


def settle(family: Family, reasons: Mapping[tuple[str, str], tuple[str, str]], now: datetime) -> None:
    """Write on the deliveries that waited what became of them. `reasons`: (state, words) for objects left out."""
    became: dict[int, tuple[str, str | None]] = {}
    for told in family.objects.values():
        for fact in told:
            if fact.waits and fact.family == family.name:
                outcome = reasons.get((fact.kind, fact.object_id), ("done", None))
                became[fact.delivery_id] = max(became.get(fact.delivery_id, outcome), outcome, key=_gravity)
    _write(became, now)


def settle_all(family: Family, state: str, reason: str, now: datetime) -> None:
    """Write one outcome on every delivery about a customer that waited."""
    settle(family, dict.fromkeys(family.objects, (state, reason)), now)


def _gravity(outcome: tuple[str, str | None]) -> int:
    return ("done", "held", "failed").index(outcome[0])


def _write(became: Mapping[int, tuple[str, str | None]], now: datetime) -> None:
    rows: Sequence[Mapping[str, Any]] = [
        {"id": each, "state": state, "reason": reason} for each, (state, reason) in sorted(became.items())
    ]
    if rows:
        db.session.execute(_SETTLE, {"settled": as_json(rows), "now": now})
