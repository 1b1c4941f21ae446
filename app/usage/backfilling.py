"""Counts, by a new rule, what is kept of the past."""

from datetime import datetime
from typing import Any

from sqlalchemy import text

from app.extensions import db
from app.usage.intake.ingesting import count
from app.usage.ledger.lateness import Coming
from app.usage.metering import NoNumberError, Rule

BATCH = 2_000


def backfill(rule: Rule, zone: str, now: datetime, after: tuple[datetime, int] | None) -> tuple[int, Any]:
    """Count a batch of kept events that meet a rule, from the one after `after`: (received_at, id). An event that the
    meter has counted already is not counted again.

    Gives how many were looked at, and the last one, to go on after.
    """
    rows = db.session.execute(text(_KEPT.format(after=_AFTER if after else "")), _values(rule, after)).all()
    by_source: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        try:
            quantity = rule.quantity(row.properties)
        except NoNumberError:
            continue
        if quantity is not None:
            by_source.setdefault(row.source, []).append(_event(row, rule.meter, quantity))
    for source, events in sorted(by_source.items()):
        count(source, events, now, zone, Coming(now, is_history=True))
    return len(rows), (rows[-1].received_at, rows[-1].id) if rows else after


def _event(row: Any, meter: str, quantity: float) -> dict[str, Any]:
    """Number it as taking.py would have: by the message's own id and the meter's code."""
    message = row.event_id.rpartition(" ")[0]
    return {
        "event_id": f"{message} {meter}", "account": row.account, "meter": meter, "quantity": quantity,
        "happened_at": row.happened_at, "person": row.person,
    }  # fmt: skip


def _values(rule: Rule, after: tuple[datetime, int] | None) -> dict[str, Any]:
    return {"name": rule.event_name, "most": BATCH} | ({"at": after[0], "id": after[1]} if after else {})


_AFTER = " AND (e.received_at, e.id) > (:at, :id)"
_KEPT = """
SELECT e.received_at, e.id, e.event_id, s.name AS source, a.external_id AS account, e.happened_at, e.person,
       e.properties
FROM usage_event e JOIN usage_source s ON s.workspace_id = e.workspace_id AND s.id = e.source_id
JOIN account a ON a.workspace_id = e.workspace_id AND a.id = e.account_id
WHERE e.name = :name AND e.properties IS NOT NULL {after} ORDER BY e.received_at, e.id LIMIT :most
"""
