"""Writes scores, risks and changes, thousands in a statement: packed first, so that the writer only writes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from msgspec.json import encode
from sqlalchemy import text

from app.accounts.spanning import listed
from app.core.bulk.arrays import Packed, documents, numbers, texts, wholes
from app.extensions import db

CHUNK = 5_000
Columns = dict[str, Any]
"""What is to be written of accounts, by column: arrays or lists of one length."""
Pack = Callable[[Sequence[Any]], Packed]


@dataclass(frozen=True)
class Writes:
    """A statement, and what it takes each time."""

    statement: str
    values: list[dict[str, Any]]


_UNKNOWN = "'NaN'::float8"
_SCORES = f"""
INSERT INTO health_score
    (account_id, scored_on, scorecard_id, score, computed, override_id, coverage, band, values, before, computed_at)
SELECT account_id, :as_of, :card, nullif(score, {_UNKNOWN}), nullif(computed, {_UNKNOWN}), nullif(override_id, 0),
       coverage, band, array_replace((:values)[(n - 1) * :signals + 1 : n * :signals], {_UNKNOWN}, NULL),
       array_replace((:before)[(n - 1) * :signals + 1 : n * :signals], {_UNKNOWN}, NULL), :read_at
FROM unnest(:account_id, :score, :computed, :override_id, :coverage, :band) WITH ORDINALITY
    AS r (account_id, score, computed, override_id, coverage, band, n)
ORDER BY account_id
ON CONFLICT (workspace_id, account_id, scored_on) DO UPDATE SET
    (scorecard_id, score, computed, override_id, coverage, band, values, before, computed_at)
    = (excluded.scorecard_id, excluded.score, excluded.computed, excluded.override_id, excluded.coverage,
       excluded.band, excluded.values, excluded.before, excluded.computed_at)
"""
_RISK_NUMBERS = (
    "risk_30", "risk_90", "risk_180", "risk_365", "lifetime_months", "average_90", "contraction_90", "expansion_90",
)  # fmt: skip
_RISKS = f"""
INSERT INTO churn_score (account_id, scored_on, model_version_id, basis, survival, reasons, moves,
                         {", ".join(_RISK_NUMBERS)})
SELECT account_id, :as_of, nullif(model_version_id, 0), basis,
       (:survival)[(n - 1) * :months + 1 : n * :months], reasons, moves, {", ".join(_RISK_NUMBERS)}
FROM unnest(:account_id, :model_version_id, :basis, :reasons, :moves, :{", :".join(_RISK_NUMBERS)}) WITH ORDINALITY
    AS r (account_id, model_version_id, basis, reasons, moves, {", ".join(_RISK_NUMBERS)}, n)
ORDER BY account_id
ON CONFLICT (workspace_id, account_id, scored_on) DO UPDATE SET
    (model_version_id, basis, survival, reasons, moves, {", ".join(_RISK_NUMBERS)}, computed_at)
    = (excluded.model_version_id, excluded.basis, excluded.survival, excluded.reasons, excluded.moves,
       excluded.{", excluded.".join(_RISK_NUMBERS)}, now())
"""
_SUMMARIES = f"""
UPDATE account_summary s SET scorecard_id = nullif(r.scorecard_id, 0), band = r.band, score = r.score,
    coverage = r.coverage, risk = r.risk, risk_reason = r.risk_reason, scored_on = :as_of,
    first_scored_on = least(s.first_scored_on, CAST(:as_of AS date)),
    score_weeks = CASE
        WHEN s.scored_on IS NULL OR s.score_weeks IS NULL
            THEN array_fill(NULL::smallint, ARRAY[11]) || floor(r.score + 0.5)::smallint
        WHEN date_trunc('week', s.scored_on) = date_trunc('week', CAST(:as_of AS date))
            THEN s.score_weeks[1:11] || floor(r.score + 0.5)::smallint
        ELSE s.score_weeks[2:12] || floor(r.score + 0.5)::smallint END
FROM (
    SELECT account_id, scorecard_id, band, nullif(score, {_UNKNOWN}) AS score, coverage,
           nullif(risk, {_UNKNOWN}) AS risk, risk_reason
    FROM unnest(:account_id, :scorecard_id, :band, :score, :coverage, :risk, :risk_reason)
        AS given (account_id, scorecard_id, band, score, coverage, risk, risk_reason)
) r
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


def write(*packed: Writes) -> None:
    """Write what was packed, in its order."""
    for each in packed:
        for values in each.values:
            db.session.execute(text(each.statement), values)


def pack_scores(as_of: date, card_id: int | None, columns: Columns, read_at: datetime) -> Writes:
    """Pack one health score an account; scored again on the same day, the newer one stands.

    `read_at`: when its facts were read, by the clock of the database: what was stored later is not in it.
    """
    packed = {"values": numbers, "before": numbers, "score": numbers, "computed": numbers, "coverage": numbers}
    packed |= {"account_id": wholes, "override_id": _wholes_or_none, "band": texts}
    signals = columns["values"].shape[1]
    return _in_chunks(_SCORES, columns, packed, as_of=as_of, card=card_id, read_at=read_at, signals=signals)


def pack_risks(as_of: date, columns: Columns) -> Writes:
    """Pack one risk an account and day."""
    packed = {"survival": numbers, "reasons": _documents, "moves": _documents, "basis": texts}
    packed |= {"account_id": wholes, "model_version_id": _wholes_or_none, **dict.fromkeys(_RISK_NUMBERS, numbers)}
    return _in_chunks(_RISKS, columns, packed, as_of=as_of, months=columns["survival"].shape[1])


def pack_summaries(as_of: date, columns: Columns) -> Writes:
    """Pack the health columns of the summaries; the twelve weekly scores move on with the week."""
    packed = {"account_id": wholes, "scorecard_id": _wholes_or_none, "band": texts, "risk_reason": texts}
    packed |= {"score": numbers, "coverage": numbers, "risk": numbers}
    return _in_chunks(_SUMMARIES, columns, packed, as_of=as_of)


def pack_changes(as_of: date, rows: Sequence[Mapping[str, Any]]) -> Writes:
    """Pack the rows that tell the playbooks which accounts moved."""
    return Writes(_CHANGES, [{"as_of": as_of, "rows": encode(rows).decode()}] if rows else [])


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


def _in_chunks(statement: str, columns: Columns, packed: Mapping[str, Pack], **values: Any) -> Writes:
    """Pack some thousand rows at a time; `packed` tells how each column is packed."""
    size = len(columns["account_id"])
    if uneven := [name for name in packed if len(columns[name]) != size]:
        raise ValueError(f"columns: {uneven[0]} is not of one length with the others")  # unnest would fill in NULLs
    starts = range(0, size, CHUNK)
    chunks = ({name: pack(columns[name][at : at + CHUNK]) for name, pack in packed.items()} for at in starts)
    return Writes(statement, [values | each for each in chunks])


def _documents(values: Sequence[Any]) -> Packed:
    return documents([encode(value) for value in values])


def _wholes_or_none(values: Sequence[int | None]) -> Packed:
    return wholes([value or 0 for value in values])
