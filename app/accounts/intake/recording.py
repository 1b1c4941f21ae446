"""Writes down what other systems say of accounts, their people, contracts and invoices."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from dateutil.relativedelta import relativedelta
from sqlalchemy import text

from app.accounts import queries, searching
from app.accounts.models import Account, Contact, Invoice, Subscription
from app.core import tenancy
from app.core.bulk.upserting import NOTHING, Upserted, as_json, upsert
from app.extensions import db

Records = Sequence[Mapping[str, Any]]
Told = Mapping[tuple[Any, ...], datetime]
_AS_TOLD = frozenset(("external_id", "domain", "industry", "country", "tier", "signed_up_on", "custom"))
_NAMES = ("id", "external_id", "name", "domain")


@dataclass(frozen=True)
class Recorded:
    """What became of a batch. `account_ids`: of accounts of which something was written; `unknown`: references to
    accounts that do not exist, whose records were left out."""

    added: int
    updated: int
    unchanged: int
    account_ids: frozenset[int]
    unknown: frozenset[str] = frozenset()


@dataclass(frozen=True)
class RecordedAccounts(Recorded):
    """`touched`: the accounts added or updated, by external id; `new`: those added."""

    touched: Mapping[str, int] = field(default_factory=dict)
    new: frozenset[int] = frozenset()


def record_accounts(records: Records, now: datetime) -> RecordedAccounts:
    """Add or update accounts by `external_id`; the words to find them by follow."""
    owners = _owners({record.get("owner_email") for record in records})
    rows = [_account_row(record, owners) for record in records]
    written = upsert(Account, rows, ("external_id",), _NAMES, stamp={"updated_at": now}) if rows else NOTHING
    set_parents(records)
    new = {row[0]: " ".join(filter(None, row[1:])) for row in written.new}
    ids = {external_id: account_id for account_id, external_id, *_ in written.touched}
    searching.index_new_accounts(sorted(new.items()))
    searching.index_accounts(sorted(ids.values() - new.keys()))
    counts = (written.added, written.updated, written.unchanged)
    return RecordedAccounts(*counts, frozenset(ids.values()), touched=ids, new=frozenset(new))


def record_contacts(records: Records, now: datetime) -> Recorded:
    """Add or update people at accounts by `external_id`. A leaving told before stays known since then."""
    told = _told_before("SELECT external_id, left_on, left_known_at FROM contact", records)
    recorded = _record(Contact, records, ("external_id",), lambda record: _contact_row(record, told, now))
    searching.index_contacts(sorted(recorded.account_ids))
    return recorded


def record_subscriptions(records: Records, now: datetime) -> Recorded:
    """Add or update stretches by (`external_id`, `started_on`). An end told before stays known since then."""
    told = _told_before("SELECT external_id, started_on, ended_on, end_known_at FROM subscription", records)
    key = ("external_id", "started_on")
    return _record(Subscription, records, key, lambda record: _subscription_row(record, told, now))


def record_invoices(records: Records, now: datetime) -> Recorded:
    """Add or update invoices by `external_id`."""
    del now
    fields = ("external_id", "issued_on", "due_on", "paid_on", "amount_minor")
    return _record(Invoice, records, ("external_id",), lambda record: {name: record.get(name) for name in fields})


def _record(
    model: Any, records: Records, key: tuple[str, ...], row_of: Callable[[Mapping[str, Any]], dict[str, Any]]
) -> Recorded:
    ids = queries.account_ids_by_external_id({record["account"] for record in records})
    rows = [row_of(record) | {"account_id": ids[record["account"]]} for record in records if record["account"] in ids]
    written = upsert(model, rows, key, "account_id") if rows else NOTHING
    return _recorded(written, frozenset(record["account"] for record in records) - ids.keys())


def _recorded(written: Upserted, unknown: frozenset[str] = frozenset()) -> Recorded:
    return Recorded(written.added, written.updated, written.unchanged, written.touched, unknown)


def _account_row(record: Mapping[str, Any], owners: Mapping[str, int]) -> dict[str, Any]:
    row = {name: value for name, value in record.items() if name in _AS_TOLD}
    row["name"] = record.get("name") or record["external_id"]
    if "owner_email" in record:
        row["owner_id"] = owners.get((record["owner_email"] or "").lower())
    return row


def _contact_row(record: Mapping[str, Any], told: Told, now: datetime) -> dict[str, Any]:
    fields = ("external_id", "name", "email", "phone", "title", "role", "joined_on", "left_on")
    row = {name: record.get(name) for name in fields}
    row["name"] = row["name"] or row["email"] or row["external_id"]
    known_at = record.get("left_known_at") or told.get((row["external_id"], row["left_on"]))
    return row | {"left_known_at": _known(row["left_on"], known_at, now)}


def _subscription_row(record: Mapping[str, Any], told: Told, now: datetime) -> dict[str, Any]:
    fields = ("external_id", "plan", "seats", "arr_minor", "started_on", "ended_on", "term_months", "auto_renew")
    row: dict[str, Any] = {name: record.get(name) for name in fields}
    row["is_trial"] = bool(record.get("is_trial"))
    known_at = record.get("end_known_at") or told.get((row["external_id"], row["started_on"], row["ended_on"]))
    row["end_known_at"] = _known(row["ended_on"], known_at, now)
    row["renews_on"] = record.get("renews_on") or _first_renewal(row["started_on"], row["term_months"])
    return row


def _first_renewal(started_on: date, term_months: int | None) -> date | None:
    return started_on + relativedelta(months=term_months) if term_months else None


def _known(happened_on: date | None, known_at: datetime | None, now: datetime) -> datetime | None:
    """A past event that is imported without its own time of knowledge counts as known when it happened."""
    if happened_on is None:
        return None
    midnight = datetime.combine(happened_on, datetime.min.time(), now.tzinfo)
    return known_at or min(now.replace(hour=0, minute=0, second=0, microsecond=0), midnight)


def _told_before(query: str, records: Records) -> Told:
    """Give since when endings are known that were recorded before: {(external id, …, day of the ending): instant}.

    Else every import of the same file would say that a notice came on the day of the import.
    """
    ids = [record["external_id"] for record in records]
    rows = db.session.execute(text(f"{query} WHERE external_id = ANY(:ids)"), {"ids": ids})
    return {tuple(row[:-1]): row[-1] for row in rows if row[-1] is not None}


def _owners(emails: Iterable[str | None]) -> dict[str, int]:
    wanted = sorted({email.lower() for email in emails if email})
    if not wanted:
        return {}
    query = text(
        'SELECT lower(u.email), u.id FROM membership m JOIN "user" u ON u.id = m.user_id'
        " WHERE m.workspace_id = :workspace AND lower(u.email) = ANY(:emails)"
    )
    values = {"workspace": tenancy.workspace_id(), "emails": wanted}
    return dict(db.session.execute(query, values).all())


def set_parents(records: Records) -> None:
    """Put accounts below those that their `parent` names, as far as these exist."""
    pairs = [{"child": record["external_id"], "parent": record["parent"]} for record in records if record.get("parent")]
    if pairs:
        db.session.execute(
            text(
                "UPDATE account SET parent_id = parent.id"
                " FROM json_to_recordset(CAST(:pairs AS json)) AS pair (child text, parent text)"
                " JOIN account parent ON parent.external_id = pair.parent"
                " WHERE account.external_id = pair.child AND account.workspace_id = parent.workspace_id"
                " AND account.id <> parent.id AND account.parent_id IS DISTINCT FROM parent.id"
            ),
            {"pairs": as_json(pairs)},
        )
