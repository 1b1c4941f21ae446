"""Writes scores, risks and changes, thousands in a statement."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from msgspec.json import encode
from sqlalchemy import text

from app.accounts.spanning import listed
from app.extensions import db

CHUNK = 5_000
Rows = Sequence[Mapping[str, Any]]

_SCORES = """
INSERT INTO health_score
    (account_id, scored_on, scorecard_id, score, computed, override_id, coverage, band, values, before, computed_at)
SELECT account_id, :as_of, :card, score, computed, override_id, coverage, band, values, before, :read_at
FROM json_to_recordset(CAST(:rows AS json)) AS r
    (account_id bigint, score float8, computed float8, override_id bigint, coverage float8, band text,
     values float8[], before float8[])
ORDER BY account_id
ON CONFLICT (workspace_id, account_id, scored_on) DO UPDATE SET
    (scorecard_id, score, computed, override_id, coverage, band, values, before, computed_at)
    = (excluded.scorecard_id, excluded.score, excluded.computed, excluded.override_id, excluded.coverage,
       excluded.band, excluded.values, excluded.before, excluded.computed_at)
"""
_RISKS = """
INSERT INTO churn_score (account_id, scored_on, model_version_id, basis, survival, risk_30, risk_90, risk_180, risk_365,
                         lifetime_months, average_90, reasons, contraction_90, expansion_90, moves)
SELECT account_id, :as_of, model_version_id, basis, survival, risk_30, risk_90, risk_180, risk_365,
       lifetime_months, average_90, reasons, contraction_90, expansion_90, moves
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r
    (account_id bigint, model_version_id bigint, basis text, survival float8[], risk_30 float8, risk_90 float8,
     risk_180 float8, risk_365 float8, lifetime_months float8, average_90 float8, reasons jsonb,
     contraction_90 float8, expansion_90 float8, moves jsonb)
ORDER BY account_id
ON CONFLICT (workspace_id, account_id, scored_on) DO UPDATE SET
    (model_version_id, basis, survival, risk_30, risk_90, risk_180, risk_365,
     lifetime_months, average_90, reasons, contraction_90, expansion_90, moves, computed_at)
    = (excluded.model_version_id, excluded.basis, excluded.survival,
       excluded.risk_30, excluded.risk_90, excluded.risk_180, excluded.risk_365,
       excluded.lifetime_months, excluded.average_90, excluded.reasons,
       excluded.contraction_90, excluded.expansion_90, excluded.moves, now())
"""
_SUMMARIES = """
UPDATE account_summary s SET band = r.band, score = r.score, coverage = r.coverage, risk = r.risk,
    risk_reason = r.risk_reason, scored_on = :as_of,
    first_scored_on = least(s.first_scored_on, CAST(:as_of AS date)),
    score_weeks = CASE
        WHEN s.scored_on IS NULL OR s.score_weeks IS NULL
            THEN array_fill(NULL::smallint, ARRAY[11]) || round(r.score)::smallint
        WHEN date_trunc('week', s.scored_on) = date_trunc('week', CAST(:as_of AS date))
            THEN s.score_weeks[1:11] || round(r.score)::smallint
        ELSE s.score_weeks[2:12] || round(r.score)::smallint END
FROM json_to_recordset(CAST(:rows AS json)) AS r
    (account_id bigint, band text, score float8, coverage float8, risk float8, risk_reason text)
WHERE s.account_id = r.account_id
"""
_CHANGES = """
INSERT INTO health_change (account_id, changed_on, from_band, to_band, from_score, to_score, from_risk, to_risk, why)
SELECT account_id, :as_of, from_band, to_band, from_score, to_score, from_risk, to_risk, why
FROM json_to_recordset(CAST(:rows AS json)) AS r
    (account_id bigint, from_band text, to_band text, from_score float8, to_score float8,
     from_risk float8, to_risk float8, why text)
ORDER BY account_id
ON CONFLICT (workspace_id, account_id, changed_on) DO UPDATE SET
    (to_band, to_score, to_risk, why, processed_at)
    = (excluded.to_band, excluded.to_score, excluded.to_risk, excluded.why, NULL)
"""


def write_scores(as_of: date, card_id: int | None, rows: Rows, read_at: datetime) -> None:
    """Write one health score an account; scored again on the same day, the newer one stands.

    `read_at`: when its facts were read, by the clock of the database: what was stored later is not in it.
    """
    _in_chunks(_SCORES, rows, as_of=as_of, card=card_id, read_at=read_at)


def write_risks(as_of: date, rows: Rows) -> None:
    """Write one risk an account and day."""
    _in_chunks(_RISKS, rows, as_of=as_of)


def write_summaries(as_of: date, rows: Rows) -> None:
    """Write the health columns of the summaries; the twelve weekly scores move on with the week."""
    _in_chunks(_SUMMARIES, rows, as_of=as_of)


def write_changes(as_of: date, rows: Rows) -> None:
    """Tell the playbooks, by rows, which accounts moved."""
    _in_chunks(_CHANGES, rows, as_of=as_of)


def clear_former(account_ids: Sequence[int]) -> None:
    """Take score and risk off the summaries of accounts that pay nothing: they are neither healthy nor at risk."""
    if account_ids:
        db.session.execute(
            text(
                "UPDATE account_summary"
                " SET band = 'unknown', score = NULL, risk = NULL, risk_reason = NULL, coverage = NULL"
                " WHERE account_id = ANY(CAST(:ids AS bigint[]))"
                " AND (score IS NOT NULL OR risk IS NOT NULL OR band <> 'unknown')"
            ),
            {"ids": listed(account_ids)},
        )


def keep_with_model(table: str, version_id: int, name: str, kept: Mapping[str, Any]) -> None:
    """Keep beside a model what was true of the book tonight, so that one account is told against the same by day."""
    query = text(f"UPDATE {table} SET artifact = jsonb_set(artifact, :path, CAST(:kept AS jsonb)) WHERE id = :id")
    db.session.execute(query, {"id": version_id, "path": [name], "kept": encode(kept).decode()})


def _in_chunks(statement: str, rows: Rows, **values: Any) -> None:
    for start in range(0, len(rows), CHUNK):
        db.session.execute(text(statement), values | {"rows": encode(rows[start : start + CHUNK]).decode()})
