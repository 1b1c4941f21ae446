"""Brings a billing customer into the book: writes what its facts amount to, and takes back what they no longer do."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import text

from app.accounts.intake import recording
from app.accounts.queries import account_ids_by_external_id
from app.connectors.webhooks.book import linking
from app.connectors.webhooks.book.facts import Family, Known, settle, settle_all
from app.connectors.webhooks.book.folding import Snapshot, stretches_of
from app.connectors.webhooks.book.invoicing import invoice_of
from app.connectors.webhooks.book.owning import claim, take_back, written_by_others
from app.conversations.recording import record_interactions
from app.core.money import money
from app.extensions import db
from app.identity.models import Workspace


def derive(family: Family, provider: str, workspace: Workspace, now: datetime) -> set[int]:
    """Write what a customer's facts amount to, and settle their deliveries. Gives the accounts that were touched."""
    account = linking.account_of(family, provider, workspace.time_zone, now)
    if account is None:
        settle_all(family, "held", _unknown(family.name), now)
        return set()
    touched = set(account_ids_by_external_id([account]).values()) | _owners_before(family)
    _write_subscriptions(family, account, workspace.time_zone, now)
    _write_invoices(family, account, workspace.time_zone, now)
    _write_failures(family, account, provider, workspace.currency, now)
    settle(family, {}, now)
    return touched


def _unknown(customer: str) -> str:
    return (
        f"The customer {customer} is not known yet. It comes in by itself with any message about the customer; or make"
        f" an account with the id {customer}, or name yours in the metadata as account_id, and replay this."
    )


def _owners_before(family: Family) -> set[int]:
    """Give the accounts that a customer's contracts and invoices stood at until now."""
    query = text(
        "SELECT account_id FROM subscription WHERE external_id = ANY(:subscriptions)"
        " UNION SELECT account_id FROM invoice WHERE external_id = ANY(:invoices)"
    )
    ids = {"subscriptions": family.ids("subscription"), "invoices": family.ids("invoice")}
    return set(db.session.scalars(query, ids))


def _write_subscriptions(family: Family, account: str, zone: str, now: datetime) -> None:
    told = family.theirs("subscription")
    written = written_by_others(family.source_id, sorted(told))
    records = [
        asdict(stretch) | {"external_id": object_id, "account": account}
        for object_id, facts in told.items()
        for stretch in stretches_of(
            [Snapshot(fact.happened_at, fact.said) for fact in facts], zone, written.get(object_id, ())
        )
    ]
    take_back(family.source_id, sorted(told), records)
    if records:
        claim(family.source_id, records)
        recording.record_subscriptions(records, now)


def _write_invoices(family: Family, account: str, zone: str, now: datetime) -> None:
    told = family.theirs("invoice")
    records = {object_id: invoice_of(object_id, facts, zone) for object_id, facts in told.items()}
    recording.record_invoices([each | {"account": account} for each in records.values() if each], now)
    gone = [object_id for object_id, record in records.items() if record is None]
    if gone:
        db.session.execute(
            text(
                "DELETE FROM invoice i USING account a WHERE a.workspace_id = i.workspace_id AND a.id = i.account_id"
                " AND a.external_id = :account AND i.external_id = ANY(:ids)"
            ),
            {"account": account, "ids": gone},
        )


def _write_failures(family: Family, account: str, provider: str, currency: str, now: datetime) -> None:
    """Keep each payment that failed on the timeline, as a note: the invoice itself stays unpaid past its day."""
    records = [
        _failure(object_id, facts[-1], account, provider, currency)
        for object_id, facts in family.theirs("failure").items()
    ]
    record_interactions(provider, records, now)


def _failure(object_id: str, fact: Known, account: str, provider: str, currency: str) -> dict[str, Any]:
    said = fact.said
    of = f" of {money(said['amount_minor'], currency)}" if said.get("amount_minor") else ""
    return {
        "external_id": f"failure {object_id}",
        "account": account,
        "channel": "note",
        "direction": "internal",
        "subject": f"A payment{of} failed",
        "body": " ".join(filter(None, (f"Invoice {said['invoice']}." if said.get("invoice") else "", said.get("why")))),
        "happened_at": fact.happened_at,
        "author": provider,
    }
