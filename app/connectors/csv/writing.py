"""Records into the book: one writer a kind, each handing batches to the verb of its domain and counting by rows."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text

from app.accounts.intake import recording
from app.accounts.queries import account_ids_by_external_id
from app.connectors.csv.book import Book
from app.connectors.csv.kinds.usage import TOTAL
from app.conversations.recording import record_interactions
from app.extensions import db
from app.usage.intake import ingesting
from app.usage.intake.correcting import correct
from app.usage.ledger.lateness import Coming

SOURCE = "csv"
MOST_FEATURES = 12
Records = Sequence[Mapping[str, Any]]


@dataclass
class Written:
    """How many rows were new, changed and known already; whose accounts they touched."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    account_ids: set[int] = field(default_factory=set)

    def add(self, other: "Written") -> None:
        self.added += other.added
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.account_ids |= other.account_ids


def write(kind: str, records: Records, book: Book, meters: "Meters | None") -> Written:
    """Hand a batch of one kind to the verb that keeps it."""
    if kind == "usage" and meters is not None:
        return meters.write(records, book)
    if kind in {"interactions", "churn_events"}:
        return _written(record_interactions(SOURCE, records, book.now))
    verbs: dict[str, Callable[..., recording.Recorded]] = {
        "accounts": recording.record_accounts,
        "contacts": recording.record_contacts,
        "subscriptions": recording.record_subscriptions,
        "invoices": recording.record_invoices,
    }
    return _written(verbs[kind](records, book.now))


def _written(recorded: recording.Recorded) -> Written:
    return Written(recorded.added, recorded.updated, recorded.unchanged, set(recorded.account_ids))


class Meters:
    """What usage counts on: one total, the most used features up to a dozen, and each column mapped as a meter.

    A feature that has a meter keeps it, so that the same files always count alike; the others count in the total only.
    """

    def __init__(self, features: Mapping[str, int], measures: Sequence[str]) -> None:
        """`features`: how many rows name each; `measures`: the meters that columns count on."""
        known = set(db.session.scalars(text("SELECT code FROM meter")))
        kept = [code for code in features if code in known]
        newest = [code for code, _ in Counter(features).most_common() if code not in known]
        chosen = kept + newest[: max(MOST_FEATURES - len(kept), 0)]
        self.features = frozenset(chosen)
        self.left_out = [code for code in newest if code not in self.features]
        ingesting.ensure_meters([TOTAL, *measures, *chosen])

    def write(self, rows: Records, book: Book) -> Written:
        """Count the rows' events, each once by its id; an event that says something else than before is corrected."""
        events = {row["external_id"]: self._events(row) for row in rows}
        stored = _stored([event["event_id"] for of_row in events.values() for event in of_row])
        written, fresh, changed = Written(), list[dict[str, Any]](), list[dict[str, Any]]()
        for of_row in events.values():
            new = [event for event in of_row if event["event_id"] not in stored and _counts(event)]
            other = [e for e in of_row if e["event_id"] in stored and stored[e["event_id"]] != _said(e, book.zone)]
            is_known = any(event["event_id"] in stored for event in of_row)
            written.added += not is_known
            written.updated += is_known and bool(new or other)
            written.unchanged += is_known and not new and not other
            fresh += new
            changed += other
        coming = Coming(book.now, is_history=True)
        ingesting.ingest(SOURCE, fresh, book.now, book.zone.key, coming=coming)
        correct(SOURCE, changed, book.now, book.zone.key, coming)
        touched = {event["account"] for event in fresh + changed} | {stored[event["event_id"]][0] for event in changed}
        written.account_ids = set(account_ids_by_external_id(touched).values())
        return written

    def _events(self, row: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Give the row's events by the part they play, so that a corrected row corrects each of them."""
        has_meter = row["feature"] in self.features
        parts = {"total": (TOTAL, row["quantity"])}
        parts["feature"] = (row["feature"], row["quantity"]) if has_meter else (TOTAL, 0)
        parts |= {code: (code, quantity) for code, quantity in row["measures"].items()}
        shared = {name: row[name] for name in ("account", "happened_at", "person")}
        return [
            {"event_id": f"{row['external_id']}/{part}", "meter": meter, "quantity": float(quantity), **shared}
            for part, (meter, quantity) in parts.items()
        ]


def _counts(event: Mapping[str, Any]) -> bool:
    """Say whether an event is worth a row of its own; a row's total always is, as the sign that the row was seen."""
    return bool(event["quantity"]) or event["event_id"].endswith("/total")


def _said(event: Mapping[str, Any], zone: ZoneInfo) -> tuple[Any, ...]:
    return event["account"], event["meter"], event["happened_at"].astimezone(zone).date(), event["quantity"]


def _stored(event_ids: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    """Give what is counted for some events: account, meter, day and quantity by event id."""
    query = text(
        "SELECT wanted.event_id, a.external_id, m.code, e.day, e.quantity"
        " FROM json_array_elements_text(CAST(:ids AS json)) AS wanted (event_id)"
        f" JOIN counted_event e ON e.key = {ingesting.KEY.format(id='wanted.event_id')}"
        " JOIN usage_source s ON s.workspace_id = e.workspace_id AND s.id = e.source_id AND s.name = :source"
        " JOIN account a ON a.workspace_id = e.workspace_id AND a.id = e.account_id"
        " JOIN meter m ON m.workspace_id = e.workspace_id AND m.id = e.meter_id"
    )
    rows = db.session.execute(query, {"ids": json.dumps(event_ids), "source": SOURCE})
    return {row[0]: tuple(row[1:]) for row in rows}
