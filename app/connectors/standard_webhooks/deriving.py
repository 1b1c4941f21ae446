"""Writes the newest record of each thing that was spoken of, one to one by the verb of its domain."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.accounts.intake import recording
from app.accounts.models import Account
from app.accounts.queries import account_ids_by_external_id
from app.connectors.standard_webhooks.shapes import SHAPES, fields_of, read
from app.connectors.webhooks.book.facts import Family, Known, settle
from app.conversations import recording as conversations
from app.extensions import db
from app.identity.models import Workspace
from app.usage.intake.ingesting import ingest
from app.usage.intake.taking import FAR_OFF, is_far_off

Record = dict[str, Any]
Reasons = dict[tuple[str, str], tuple[str, str]]


def derive(family: Family, source: str, workspace: Workspace, now: datetime) -> set[int]:
    """Write what is new of an account's things, and settle their deliveries. Gives the accounts that were touched."""
    reasons: Reasons = {}
    touched = set[int]()
    for kind in SHAPES:
        told = {each: facts for each, facts in family.theirs(kind).items() if any(fact.waits for fact in facts)}
        records = {object_id: _record(kind, facts) for object_id, facts in told.items()}
        if kind != "account" and records and not account_ids_by_external_id([family.name]):
            reasons |= {(kind, object_id): ("held", _unknown(family.name)) for object_id in records}
        elif kind == "usage":
            reasons |= _count(source, records, workspace, now)
        else:
            touched |= _write(kind, source, list(records.values()), now)
    settle(family, reasons, now)
    return touched


def _unknown(account: str) -> str:
    return (
        f"There is no account {account!r} yet. This comes in by itself with an account.upserted for it; or make the"
        " account in another way, and replay this."
    )


def _record(kind: str, facts: Sequence[Known]) -> Record:
    """Give the record as the verbs take it. An end is known since it was first told as it is told now."""
    record = fields_of(read(kind, facts[-1].said))
    record["external_id"] = record.pop("id")
    record.pop("currency", None)
    if kind == "usage":
        record["at"] = record["at"] or facts[-1].happened_at
    if kind == "account" and "name" not in record:
        record["name"] = db.session.scalar(select(Account.name).where(Account.external_id == record["external_id"]))
    ending = {"subscription": ("ended_on", "end_known_at"), "contact": ("left_on", "left_known_at")}.get(kind)
    if ending and record.get(ending[0]):
        record[ending[1]] = _told_first(facts, ending[0])
    return record


def _told_first(facts: Sequence[Known], name: str) -> datetime:
    since = facts[-1].happened_at
    for fact in reversed(facts):
        if fact.said.get(name) != facts[-1].said.get(name):
            break
        since = fact.happened_at
    return since


def _write(kind: str, source: str, records: Sequence[Record], now: datetime) -> set[int]:
    verbs: Mapping[str, Callable[[Sequence[Record], datetime], recording.Recorded]] = {
        "account": recording.record_accounts,
        "contact": recording.record_contacts,
        "subscription": recording.record_subscriptions,
        "invoice": recording.record_invoices,
        "interaction": lambda said, at: conversations.record_interactions(source, said, at),
    }
    touched = set[int]()
    for record in records:  # one by one: an account's records may name different fields
        touched |= verbs[kind]([record], now).account_ids
    return touched


def _count(source: str, records: Mapping[str, Record], workspace: Workspace, now: datetime) -> Reasons:
    far_off = {object_id for object_id, record in records.items() if is_far_off(record["at"], now)}
    events = [
        {
            "event_id": object_id, "account": record["account"], "meter": record["meter"],
            "quantity": record["quantity"], "happened_at": record["at"], "person": record["user"],
        }
        for object_id, record in records.items() if object_id not in far_off
    ]  # fmt: skip
    rejected = ingest(source, events, now, workspace.time_zone, len(far_off)).rejected
    why = dict.fromkeys(far_off, f"at: {FAR_OFF}.")
    why |= {events[n]["event_id"]: reason for n, _field, reason in rejected}
    return {("usage", object_id): ("failed", reason) for object_id, reason in why.items()}
