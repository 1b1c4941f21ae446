"""From everything a billing system ever said of an invoice to the invoice."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from app.connectors.webhooks.book.facts import Known
from app.connectors.webhooks.reading import moment
from app.core.clock import day_in


def invoice_of(object_id: str, told: Sequence[Known], zone: str) -> dict[str, Any] | None:
    """Give the record of an invoice, without its account; None while it is a draft, once it is void, or of nothing.

    `said` holds status (draft, open, paid, void), amount_minor, and moments (issued_at, due_at, paid_at) or bare days
    (issued_on, due_on). One that is paid without saying when was paid when that was first told.
    """
    last = told[-1].said
    if last["status"] not in {"open", "paid"} or last["amount_minor"] <= 0:
        return None
    issued_on = _day(last, "issued", zone) or day_in(zone, told[0].happened_at)
    paid_on = _day(last, "paid", zone) or day_in(zone, _first_told_paid(told))
    return {
        "external_id": object_id,
        "issued_on": issued_on,
        "due_on": max(issued_on, _day(last, "due", zone) or issued_on),
        "paid_on": paid_on if last["status"] == "paid" else None,
        "amount_minor": last["amount_minor"],
    }


def _day(said: Mapping[str, Any], name: str, zone: str) -> date | None:
    if said.get(f"{name}_on"):
        return date.fromisoformat(said[f"{name}_on"])
    at = moment(said.get(f"{name}_at"))
    return day_in(zone, at) if at else None


def _first_told_paid(told: Sequence[Known]) -> datetime:
    since = told[-1].happened_at
    for fact in reversed(told):
        if fact.said["status"] != "paid":
            break
        since = fact.happened_at
    return since
