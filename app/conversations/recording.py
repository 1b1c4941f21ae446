"""Writes down interactions from any channel, with the customer's mood, each once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text

from app.accounts import queries
from app.accounts.intake.recording import Recorded
from app.conversations import sentiment
from app.conversations.models import Interaction
from app.core.bulk.upserting import NOTHING, upsert
from app.extensions import db

_LONGEST_PRIORITY = 200  # an index holds it
_FIELDS = (
    "external_id", "channel", "direction", "subject", "body", "happened_at", "author", "satisfaction", "priority",
    "resolved_at", "reach", "thread",
)  # fmt: skip


def record_interactions(source: str, records: Sequence[Mapping[str, Any]], now: datetime) -> Recorded:
    """Add or update interactions by (`source`, `external_id`).

    Without a `recorded_at` of its own a past interaction counts as known when it happened. The summaries follow by
    `summarising.refresh`, once after the last batch.
    """
    ids = queries.account_ids_by_external_id({record["account"] for record in records})
    contacts = _contact_ids({record["contact"] for record in records if record.get("contact")})
    rows = [
        _row(source, record, ids[record["account"]], contacts, now) for record in records if record["account"] in ids
    ]
    written = upsert(Interaction, rows, ("source", "external_id"), "account_id") if rows else NOTHING
    unknown = frozenset(record["account"] for record in records) - ids.keys()
    return Recorded(written.added, written.updated, written.unchanged, written.touched, unknown)


def _row(
    source: str, record: Mapping[str, Any], account_id: int, contacts: Mapping[str, int], now: datetime
) -> dict[str, Any]:
    row = {name: record.get(name) for name in _FIELDS}
    row |= {"source": source, "account_id": account_id, "contact_id": contacts.get(record.get("contact") or "")}
    row |= {"escalated": bool(record.get("escalated"))}
    row |= {"priority": (record.get("priority") or "")[:_LONGEST_PRIORITY] or None}
    row |= {"recorded_at": record.get("recorded_at") or min(now, record["happened_at"])}
    return row | _mood(record)


def _mood(record: Mapping[str, Any]) -> dict[str, Any]:
    """Only the customer's own words have a mood; where there are none it is unknown, not neutral.

    A subject counts where nothing else was written: in replies it is somebody else's. What they said in a number, 1 to
    5, outweighs how their words sound.
    """
    subject, body, rating = record.get("subject") or "", record.get("body") or "", record.get("satisfaction")
    if record["direction"] != "in" or not (subject or body):
        return {"sentiment": None, "sentiment_why": None}
    mood = sentiment.mood_of(body or subject)
    score, rated = (mood.score, []) if rating is None else ((rating - 3) / 2, [f"rated {rating:g} of 5"])
    flags = sorted({*mood.flags, *sentiment.risky(subject)})
    return {
        "sentiment": score,
        "sentiment_why": {"words": [*rated, *mood.words], "flags": flags, "version": sentiment.VERSION},
    }


def _contact_ids(external_ids: set[str]) -> dict[str, int]:
    query = text(
        "SELECT external_id, c.id FROM unnest(CAST(:ids AS text[])) AS given (external_id)"
        " JOIN contact c USING (external_id)"
    )
    return {row[0]: row[1] for row in db.session.execute(query, {"ids": sorted(external_ids)})}
