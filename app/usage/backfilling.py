"""Counts, by a new rule, what is kept of the past."""

from datetime import datetime
from typing import Any

from sqlalchemy import text

from app.extensions import db
from app.usage.intake.ingesting import count
from app.usage.ledger.keeping import events_of
from app.usage.ledger.lateness import Coming
from app.usage.metering import ANY, NoNumberError, Rule

BATCH = 2_000
Place = tuple[datetime, int]
"""A row of kept events: when it was received, and its number."""


def backfill(rule: Rule, zone: str, now: datetime, after: Place | None) -> tuple[int, Place | None]:
    """Count some thousand kept events that meet a rule, from those after `after` on. An event that the meter has
    counted already is not counted again.

    Gives how many were looked at, 0 at the end, and where to go on.
    """
    values = {"name": rule.event_name, "most": BATCH} | ({"at": after[0], "id": after[1]} if after else {})
    batches = db.session.execute(text(_BATCHES.format(after=_AFTER if after else "")), values).all()
    if not batches:
        return 0, after
    by_source: dict[str, list[dict[str, Any]]] = {}
    times, ids = [each.received_at for each in batches], [each.id for each in batches]
    wanted = {"name": rule.event_name, "times": times, "ids": ids, "first": times[0], "last": times[-1]}
    for row in db.session.execute(text(_KEPT), wanted):
        try:
            quantity = rule.quantity(row.properties)
        except NoNumberError:
            continue
        if quantity is not None:
            by_source.setdefault(row.source, []).append(_event(row, rule.meter, quantity))
    for source, events in sorted(by_source.items()):
        count(source, events, now, zone, Coming(now, is_history=True))
    return sum(each.size for each in batches), (times[-1], ids[-1])


def _event(row: Any, meter: str, quantity: float) -> dict[str, Any]:
    """Number it as taking.py would have: by the message's own id and the meter's code."""
    message = row.event_id.rpartition(" ")[0]
    return {
        "event_id": f"{message} {meter}", "account": row.account, "meter": meter, "quantity": quantity,
        "happened_at": row.happened_at, "person": row.person,
    }  # fmt: skip


_AFTER = " AND (received_at, id) > (:at, :id)"
_BATCHES = f"""
SELECT received_at, id, size FROM (
    SELECT *, sum(size) OVER (ORDER BY received_at, id) - size AS before FROM (
        SELECT received_at, id, size FROM usage_batch
        WHERE (:name = ANY(names) OR :name = '{ANY}' AND NOT is_metered AND cardinality(array_remove(names, NULL)) > 0)
        {{after}}
        ORDER BY received_at, id LIMIT :most
    ) next
) counted WHERE before < :most ORDER BY received_at, id
"""
# The batches first, by their key: else all that is kept may be taken apart for each page.
_KEPT = f"""
WITH b AS MATERIALIZED (
    SELECT b.* FROM unnest(CAST(:times AS timestamptz[]), CAST(:ids AS bigint[])) AS wanted (received_at, id)
    JOIN usage_batch b USING (received_at, id)
    WHERE received_at BETWEEN CAST(:first AS timestamptz) AND CAST(:last AS timestamptz)
)
SELECT e.event_id, s.name AS source, a.external_id AS account, e.happened_at, e.person, e.properties
FROM b JOIN usage_source s ON s.workspace_id = b.workspace_id AND s.id = b.source_id
CROSS JOIN LATERAL {events_of("b", "event_id", "account_id", "happened_at", "person", "name", "properties")}
JOIN account a ON a.workspace_id = b.workspace_id AND a.id = e.account_id
WHERE e.properties IS NOT NULL AND (e.name = :name OR :name = '{ANY}' AND NOT b.is_metered AND e.name IS NOT NULL)
ORDER BY b.received_at, b.id, e.place
"""
