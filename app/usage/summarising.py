"""Keeps the usage columns of the summary: what was used in 28 days, what before, by how many."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
from sqlalchemy import text

from app.accounts.spanning import span
from app.core.bulk.upserting import as_json
from app.extensions import db
from app.usage.history import usage_history

_CHUNK = 10_000


def refresh(account_ids: Sequence[int] | None, as_of: date) -> None:
    """Bring the usage columns of some accounts (or all) up to the end of `as_of`."""
    ids = sorted(account_ids) if account_ids is not None else _all_ids()
    for start in range(0, len(ids), _CHUNK):
        _refresh(ids[start : start + _CHUNK], as_of)


def _refresh(ids: Sequence[int], last: date) -> None:
    history = usage_history(ids, last - timedelta(days=55), last, most_meters=1)
    if not history.meters:
        return
    core = history.totals[:, 0, -56:]
    used = core > 0
    days_since = np.where(used.any(axis=1), used[:, ::-1].argmax(axis=1), None)
    rows = [
        {"id": i, "now": float(n), "before": float(b), "since": s}
        for i, n, b, s in zip(ids, core[:, -28:].sum(axis=1), core[:, :-28].sum(axis=1), days_since, strict=True)
    ]
    db.session.execute(text(_WRITE.format(span=span(ids))), {"rows": as_json(rows), "last": last})


_WRITE = """
UPDATE account_summary s SET usage_28d = r.now, usage_before_28d = r.before, active_users_28d = people.active,
    last_used_on = coalesce(CAST(:last AS date) - r.since, s.last_used_on)
FROM json_to_recordset(CAST(:rows AS json)) AS r (id bigint, now float8, before float8, since int)
LEFT JOIN (
    SELECT account_id, count(DISTINCT person) AS active FROM user_month, generate_series(0, 27) AS back
    WHERE {span} AND month >= date_trunc('month', CAST(:last AS date) - 27)::date
      AND month = date_trunc('month', CAST(:last AS date) - back)::date
      AND days & (1 << (EXTRACT(day FROM CAST(:last AS date) - back)::int - 1)) <> 0
    GROUP BY account_id
) people ON people.account_id = r.id
WHERE s.account_id = r.id
  AND (s.usage_28d, s.usage_before_28d, s.active_users_28d, s.last_used_on) IS DISTINCT FROM
      (r.now, r.before, people.active, coalesce(CAST(:last AS date) - r.since, s.last_used_on))
"""


def _all_ids() -> list[int]:
    return list(db.session.scalars(text("SELECT id FROM account ORDER BY id")))
