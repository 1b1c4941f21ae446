"""The forecast of a quarter moved between two daily snapshots."""

from collections.abc import Iterator
from typing import Any

from app.announcements.events.event import Data, Event, Found, Moment, rows
from app.core.http.words import quarter

LEAST_SHARE = 0.01
"""Smaller moves are not announced; a subscriber says from which share of the old P50 on it wants to know."""
_CODE = "forecast.changed"
_QUERY = f"""
SELECT f.*, old.taken_on AS old_on, old.p10_minor AS old_p10, old.p50_minor AS old_p50, old.p90_minor AS old_p90,
       f.booked_minor - old.booked_minor AS booked, f.lost_minor - old.lost_minor AS lost,
       f.due_minor - old.due_minor AS due, (f.p50_minor - old.p50_minor)::float8 / old.p50_minor AS share,
       said.subject, said.occasion
FROM forecast_snapshot f
JOIN LATERAL (
    SELECT * FROM forecast_snapshot o
    WHERE o.workspace_id = f.workspace_id AND o.quarter = f.quarter AND o.taken_on < f.taken_on
    ORDER BY o.taken_on DESC LIMIT 1
) old ON old.p50_minor > 0
CROSS JOIN LATERAL (
    SELECT 'quarter:' || to_char(f.quarter, 'YYYY-MM-DD') AS subject, to_char(f.taken_on, 'YYYY-MM-DD') AS occasion
) said
WHERE f.taken_on >= :since AND abs(f.p50_minor - old.p50_minor) > :least * old.p50_minor
  AND NOT EXISTS (SELECT FROM announcement n WHERE n.workspace_id = f.workspace_id AND n.type = '{_CODE}'
                  AND n.subject = said.subject AND n.occasion = said.occasion)
ORDER BY f.taken_on, f.quarter LIMIT :limit
"""


def _find(moment: Moment) -> Iterator[Found]:
    for row in rows(_QUERY, moment, least=LEAST_SHARE):
        name = quarter(row.quarter)
        data = {
            "quarter": {"name": name, "starts_on": row.quarter.isoformat(), "url": f"{moment.base_url}/renewals"},
            "currency": moment.currency,
            "change_share": round(row.share, 4),
            "old": _figures(row.old_on, row.old_p10, row.old_p50, row.old_p90),
            "new": _figures(row.taken_on, row.p10_minor, row.p50_minor, row.p90_minor),
            "why": _why(row, moment),
        }
        yield Found(row.subject, row.occasion, data)


def _why(row: Any, moment: Moment) -> str:
    parts = {"renewed": row.booked, "lost": row.lost, "due in all": row.due}
    said = ", ".join(f"{word} {_signed(moment, minor)}" for word, minor in parts.items())
    return f"Since {row.old_on:%-d %B}: {said}; the rest is what the open renewals are now expected to bring."


def _figures(taken_on: Any, p10: int, p50: int, p90: int) -> dict[str, Any]:
    return {"taken_on": taken_on.isoformat(), "p10_minor": p10, "p50_minor": p50, "p90_minor": p90}


def _signed(moment: Moment, minor: int) -> str:
    return f"{'+' if minor > 0 else ''}{moment.money(minor)}"


def _headline(data: Data) -> str:
    share = data["change_share"]
    verb = "rose" if share > 0 else "fell"
    return f"{data['quarter']['name']}: the forecast (P50) {verb} by {abs(share) * 100:.1f} %"


FORECAST_CHANGED = Event(_CODE, "The forecast of a quarter moves", _find, _headline)
