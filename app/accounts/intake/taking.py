"""Takes in accounts as machines send them: each record judged on its own, what it leaves out kept as it was."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text

from app.accounts import queries
from app.accounts.intake import recording
from app.accounts.intake.recording import RecordedAccounts
from app.accounts.intake.settling import settle
from app.extensions import db

_LOCK = text("SELECT FROM account WHERE external_id = ANY(:ids) ORDER BY external_id FOR UPDATE")
_NAMES = text("SELECT external_id, name FROM account WHERE external_id = ANY(:ids)")
_NOBODY = "Nobody of this workspace has this e-mail. Invite them first, or leave it out."


@dataclass(frozen=True)
class Taken:
    """What became of a record. `outcome`: created, updated, unchanged or refused (then `field` and `why` say it)."""

    external_id: str
    outcome: str
    id: int | None = None
    field: str = ""
    why: str = ""


def take_accounts(records: Sequence[Mapping[str, Any]], today: date, now: datetime) -> list[Taken]:
    """Add or update accounts by `external_id`, in the order sent; those that refer to nothing are refused."""
    refused = _refuse(records)
    good = [record for n, record in enumerate(records) if n not in refused]
    recorded = _record(good, now)
    settle([account_id for each in recorded for account_id in each.account_ids], today, now)
    became = {name: taken for each in recorded for name, taken in _written(each)}
    alike = [record["external_id"] for record in good if record["external_id"] not in became]
    known = queries.account_ids_by_external_id(alike)
    became |= {name: Taken(name, "unchanged", account_id) for name, account_id in known.items()}
    return [refused.get(n) or became[record["external_id"]] for n, record in enumerate(records)]


def _written(recorded: RecordedAccounts) -> Iterator[tuple[str, Taken]]:
    for name, account_id in recorded.touched.items():
        yield name, Taken(name, "created" if account_id in recorded.new else "updated", account_id)


def _record(records: Sequence[Mapping[str, Any]], now: datetime) -> list[RecordedAccounts]:
    """Write records that give the same fields together, so that none empties what another one gives."""
    groups = defaultdict(list)
    for record in _named(records):
        groups[frozenset(record)].append(record)
    if len(groups) > 1:
        db.session.execute(_LOCK, {"ids": [record["external_id"] for record in records]})
    recorded = [recording.record_accounts(group, now) for group in groups.values()]
    if len(groups) > 1:
        recording.set_parents(records)
    return recorded


def _named(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Give accounts that come without a name the one they have."""
    nameless = [record["external_id"] for record in records if not record.get("name")]
    names: dict[str, str] = dict(db.session.execute(_NAMES, {"ids": nameless}).all()) if nameless else {}
    return [{**record, "name": record.get("name") or names.get(record["external_id"])} for record in records]


def _refuse(records: Sequence[Mapping[str, Any]]) -> dict[int, Taken]:
    people = _people() if any(record.get("owner_email") for record in records) else set()
    first: dict[str, int] = {}
    refused = {}
    for n, record in enumerate(records):
        name = record["external_id"]
        earlier = first.setdefault(name, n)
        if earlier != n:
            refused[n] = _no(name, "external_id", f"It stands at {earlier} of this batch already. Send it once.")
        elif record.get("owner_email") and record["owner_email"].lower() not in people:
            refused[n] = _no(name, "owner_email", _NOBODY)
    return _refuse_circles(records, _refuse_orphans(records, refused))


def _refuse_orphans(records: Sequence[Mapping[str, Any]], refused: dict[int, Taken]) -> dict[int, Taken]:
    """Refuse those whose parent neither exists nor comes with the batch, and then those below them."""
    named = {record["parent"] for record in records if record.get("parent")}
    there = set(queries.account_ids_by_external_id(named))
    while True:
        known = there | {record["external_id"] for n, record in enumerate(records) if n not in refused}
        orphans = {
            n: _no(record["external_id"], "parent", f"There is no account {record['parent']!r}. Create it first.")
            for n, record in enumerate(records)
            if n not in refused and record.get("parent") and record["parent"] not in known
        }
        if not orphans:
            return refused
        refused |= orphans


def _refuse_circles(records: Sequence[Mapping[str, Any]], refused: dict[int, Taken]) -> dict[int, Taken]:
    """Refuse those that would stand above themselves."""
    told = {
        record["external_id"]: record["parent"]
        for n, record in enumerate(records)
        if n not in refused and record.get("parent")
    }
    above = queries.parents_from(list(told.values())) | told if told else {}
    circles = {
        name: f"{name!r} would stand above itself: leave its parent out." for name in told if _circles(name, above)
    }
    return refused | {
        n: _no(record["external_id"], "parent", circles[record["external_id"]])
        for n, record in enumerate(records)
        if n not in refused and record["external_id"] in circles
    }


def _circles(name: str, above: Mapping[str, str]) -> bool:
    """Tell whether the way up from an account leads back to it."""
    seen: set[str] = set()
    at = above.get(name)
    while at is not None and at not in seen and at != name:
        seen.add(at)
        at = above.get(at)
    return at == name


def _no(name: str, field: str, why: str) -> Taken:
    return Taken(name, "refused", field=field, why=why)


def _people() -> set[str]:
    return {person.email.lower() for person in queries.members()}
