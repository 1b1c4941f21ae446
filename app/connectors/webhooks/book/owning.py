"""Which stretches of contract a source wrote, and which it found there: only its own does it take back."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import text

from app.connectors.webhooks.book.folding import Stretch
from app.core.bulk.upserting import as_json
from app.extensions import db

Records = Sequence[Mapping[str, Any]]

_FIELDS = (
    "started_on", "is_trial", "plan", "seats", "arr_minor", "term_months", "auto_renew", "renews_on", "ended_on",
    "end_known_at",
)  # fmt: skip
_AS_IT_IS = "jsonb_build_object(" + ", ".join(f"'{name}', s.{name}" for name in _FIELDS) + ")"
_SAME = "s.workspace_id = w.workspace_id AND s.external_id = w.external_id AND s.started_on = w.started_on"
_GIVEN = "json_to_recordset(CAST(:kept AS json)) AS k (external_id text, started_on date)"
_STALE = f"""
SELECT w.external_id, w.started_on FROM webhook_stretch w
WHERE w.source_id = :source AND w.external_id = ANY(:ids) AND w.was IS NULL AND NOT EXISTS (
    SELECT FROM {_GIVEN} WHERE k.external_id = w.external_id AND k.started_on = w.started_on)"""
_OTHERS = f"""
SELECT s.external_id, s.account_id, coalesce(w.was, {_AS_IT_IS}) AS was
FROM subscription s LEFT JOIN webhook_stretch w ON {_SAME} AND w.source_id = :source
WHERE s.external_id = ANY(:ids) AND (w.external_id IS NULL OR w.was IS NOT NULL)
ORDER BY s.external_id, s.started_on"""
_CLAIM = f"""
INSERT INTO webhook_stretch (source_id, external_id, started_on, was)
SELECT :source, k.external_id, k.started_on, CASE WHEN s.id IS NOT NULL THEN {_AS_IT_IS} END
FROM {_GIVEN} LEFT JOIN subscription s ON s.external_id = k.external_id AND s.started_on = k.started_on
ORDER BY k.external_id, k.started_on ON CONFLICT DO NOTHING"""


def written_by_others(source_id: int, ids: Sequence[str]) -> dict[str, list[Stretch]]:
    """Give the stretches of some contracts as others wrote them, before this source wrote there."""
    found: dict[str, list[Stretch]] = defaultdict(list)
    for row in db.session.execute(text(_OTHERS), {"source": source_id, "ids": list(ids)}):
        found[row.external_id].append(_stretch(row.was))
    return dict(found)


def account_of_others(source_id: int, ids: Sequence[str]) -> str | None:
    """Give the account at which others wrote one of some contracts."""
    query = f"SELECT a.external_id FROM ({_OTHERS}) o JOIN account a ON a.id = o.account_id ORDER BY 1 LIMIT 1"
    found: str | None = db.session.scalar(text(query), {"source": source_id, "ids": list(ids)})
    return found


def claim(source_id: int, records: Records) -> None:
    """Note stretches that this source is about to write, with what stands there from others."""
    db.session.execute(text(_CLAIM), {"source": source_id, "kept": _keys(records)})


def take_back(source_id: int, ids: Sequence[str], records: Records) -> None:
    """Delete the stretches of some contracts that this source alone wrote and that are not among `records`."""
    values = {"source": source_id, "ids": list(ids), "kept": _keys(records)}
    of_ours = "(external_id, started_on) IN"
    db.session.execute(text(f"DELETE FROM subscription WHERE {of_ours} ({_STALE})"), values)
    db.session.execute(text(f"DELETE FROM webhook_stretch WHERE source_id = :source AND {of_ours} ({_STALE})"), values)


def _stretch(was: Mapping[str, Any]) -> Stretch:
    days = {name: date.fromisoformat(was[name]) for name in ("started_on", "renews_on", "ended_on") if was[name]}
    known = {"end_known_at": datetime.fromisoformat(was["end_known_at"])} if was["end_known_at"] else {}
    return Stretch(**{**was, **days, **known})


def _keys(records: Records) -> str:
    return as_json({"external_id": each["external_id"], "started_on": each["started_on"]} for each in records)
