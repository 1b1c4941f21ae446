"""Reads of scores, risks and models."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import func, select, text

from app.accounts.spanning import listed, span
from app.core.bulk.columns import read_columns
from app.extensions import db
from app.health.models import (
    ChurnScore,
    CorrectedScore,
    HealthChange,
    HealthScore,
    ModelCheck,
    ModelVersion,
    MoveModel,
)


def accounts_by_card() -> dict[int, int]:
    """Give how many paying accounts were last scored with each version of a scorecard."""
    query = text(
        "SELECT h.scorecard_id, count(*) FROM account_summary s JOIN health_score h USING (workspace_id, account_id)"
        " WHERE s.arr_minor > 0 AND h.scored_on = s.scored_on GROUP BY h.scorecard_id"
    )
    return dict(db.session.execute(query).all())


def find_champion() -> ModelVersion | None:
    """Give the model in force, if one can be trusted."""
    query = select(ModelVersion).where(ModelVersion.state == "champion").order_by(ModelVersion.id.desc()).limit(1)
    return db.session.execute(query).scalar_one_or_none()


def find_latest_model() -> ModelVersion | None:
    """Give the newest training, whatever its verdict."""
    return db.session.execute(select(ModelVersion).order_by(ModelVersion.id.desc()).limit(1)).scalar_one_or_none()


def model_versions(limit: int, before: int | None = None) -> Sequence[ModelVersion]:
    """Give the trainings, the newest first; of those before one, if it is given."""
    query = select(ModelVersion).order_by(ModelVersion.id.desc()).limit(limit)
    return db.session.scalars(query if before is None else query.where(ModelVersion.id < before)).all()


def version_before(version_id: int) -> ModelVersion | None:
    """Give the training before one."""
    return next(iter(model_versions(1, version_id)), None)


def model_checks(limit: int, version_id: int | None = None) -> Sequence[ModelCheck]:
    """Give the nightly checks, the newest first; those of one version, if it is given."""
    query = select(ModelCheck).order_by(ModelCheck.checked_on.desc()).limit(limit)
    return db.session.scalars(
        query if version_id is None else query.where(ModelCheck.model_version_id == version_id)
    ).all()


def move_models() -> dict[str, MoveModel]:
    """Give the newest training of each kind of move, whatever its verdict."""
    newest = select(func.max(MoveModel.id)).group_by(MoveModel.kind)
    return {model.kind: model for model in db.session.scalars(select(MoveModel).where(MoveModel.id.in_(newest)))}


def all_account_ids() -> list[int]:
    """Give the ids of all accounts, ascending."""
    return list(db.session.scalars(text("SELECT id FROM account ORDER BY id")))


def scored_after(day: date) -> list[int]:
    """Give the accounts that were scored as of a later day."""
    query = text("SELECT DISTINCT account_id FROM health_score WHERE scored_on > :day ORDER BY account_id")
    return list(db.session.scalars(query, {"day": day}))


def who_may_pay(account_ids: Sequence[int], day: date) -> list[int]:
    """Give those of the accounts with a subscription that ran at the end of a day, or was not known to have ended."""
    query = text(
        "SELECT DISTINCT account_id FROM subscription WHERE account_id = ANY(CAST(:ids AS bigint[]))"
        " AND started_on <= :day AND (ended_on IS NULL OR ended_on > :day OR end_known_at >= CAST(:day AS date))"
    )
    return list(db.session.scalars(query, {"ids": listed(account_ids), "day": day}))


class LastScore(NamedTuple):
    """How an account stood at its last scoring; NaN is unknown, and so is a scorecard of number 0."""

    scorecard_id: int
    band: str
    score: float
    risk: float


def last_scores_of(account_ids: Sequence[int]) -> dict[int, LastScore]:
    """Give how accounts (ids ascending) stood at their last scoring, those never scored left out; may hold others."""
    if not account_ids:
        return {}
    query = (
        "SELECT account_id, coalesce(scorecard_id, 0) AS scorecard_id, band, score, risk FROM account_summary"
        f" WHERE {span(account_ids)} AND scored_on IS NOT NULL"
    )
    kinds = {"account_id": "whole", "scorecard_id": "whole", "band": "text", "score": "number", "risk": "number"}
    found = read_columns(query, kinds, {})
    columns = [found[name] if name == "band" else found[name].tolist() for name in kinds]
    return {row[0]: LastScore(*row[1:]) for row in zip(*columns, strict=True)}


def tiers_of(account_ids: Sequence[int]) -> dict[int, str | None]:
    """Give the tiers of accounts."""
    query = text("SELECT id, tier FROM account WHERE id = ANY(CAST(:ids AS bigint[]))")
    return {row[0]: row[1] for row in db.session.execute(query, {"ids": listed(account_ids)})}


def latest_values(account_ids: Sequence[int], before: date) -> dict[int, list[float | None]]:
    """Give the signals that accounts were last scored with, before a day."""
    query = text(
        "SELECT DISTINCT ON (account_id) account_id, values FROM health_score"
        " WHERE account_id = ANY(CAST(:ids AS bigint[])) AND scored_on < :before ORDER BY account_id, scored_on DESC"
    )
    return {row[0]: row[1] for row in db.session.execute(query, {"ids": listed(account_ids), "before": before})}


def source_ages(as_of: date) -> dict[str, int | None]:
    """Give for each kind of source the days from its newest fact to `as_of`; None when it has never said anything.

    The summaries know the newest fact of all; for a day before that one the facts themselves are asked.
    """
    row = db.session.execute(text(_NEWEST), {"as_of": as_of}).one()
    ages = {name: None if day is None else max(0, (as_of - day).days) for name, day in zip(_SOURCES, row, strict=True)}
    return ages | {"contracts": 0, "contacts": 0}


_SOURCES = ("usage", "conversations", "invoices")
_NEWEST = """
SELECT CASE WHEN newest.used <= :as_of THEN newest.used ELSE (
           SELECT max(month + n::int - 1) FROM daily_usage, unnest(totals) WITH ORDINALITY AS days (total, n)
           WHERE month BETWEEN date_trunc('month', CAST(:as_of AS date) - 62)::date AND :as_of
             AND total > 0 AND month + n::int - 1 <= :as_of) END,
       CASE WHEN newest.touched <= :as_of THEN newest.touched ELSE (
           SELECT max(happened_at)::date FROM interaction
           WHERE happened_at < CAST(:as_of AS date) + 1 AND direction <> 'internal') END,
       (SELECT max(issued_on) FROM invoice WHERE issued_on <= :as_of)
FROM (SELECT max(last_used_on) AS used, max(last_touch_at)::date AS touched FROM account_summary) newest
"""


def clock() -> datetime:
    """Give this moment by the clock of the database, which says of each fact when it was stored."""
    found: datetime = db.session.execute(text("SELECT clock_timestamp()")).scalar_one()
    return found


def score_on(account_id: int, day: date) -> HealthScore | None:
    """Give an account's newest score of a day or before."""
    query = select(HealthScore).where(HealthScore.account_id == account_id, HealthScore.scored_on <= day)
    return db.session.execute(query.order_by(HealthScore.scored_on.desc()).limit(1)).scalar_one_or_none()


def correction_of(score: HealthScore) -> CorrectedScore | None:
    """Give what a stored score is with what is known now, where that is another score."""
    query = select(CorrectedScore).where(
        CorrectedScore.account_id == score.account_id,
        CorrectedScore.scored_on == score.scored_on,
        CorrectedScore.computed_at > score.computed_at,
        CorrectedScore.values.is_distinct_from(score.values) | CorrectedScore.score.is_distinct_from(score.by_card),
    )
    return db.session.execute(query).scalar_one_or_none()


def risk_on(account_id: int, day: date) -> ChurnScore | None:
    """Give an account's newest risk of a day or before."""
    query = select(ChurnScore).where(ChurnScore.account_id == account_id, ChurnScore.scored_on <= day)
    return db.session.execute(query.order_by(ChurnScore.scored_on.desc()).limit(1)).scalar_one_or_none()


def score_history(account_id: int, since: date) -> list[Any]:
    """Give an account's scores since a day: rows (scored_on, score, band)."""
    query = text(
        "SELECT scored_on, score, band FROM health_score"
        " WHERE account_id = :id AND scored_on >= :since ORDER BY scored_on"
    )
    return list(db.session.execute(query, {"id": account_id, "since": since}))


def standings_of(account_id: int, since: date, until: date) -> list[Any]:
    """Give how an account stood on the days of a period: rows (scored_on, score, band, coverage, risk_90)."""
    query = text(
        "SELECT h.scored_on, h.score, h.band, h.coverage, c.risk_90 FROM health_score h"
        " LEFT JOIN churn_score c USING (workspace_id, account_id, scored_on)"
        " WHERE h.account_id = :id AND h.scored_on BETWEEN :since AND :until ORDER BY h.scored_on LIMIT 1000"
    )
    return list(db.session.execute(query, {"id": account_id, "since": since, "until": until}))


def changes_after(change_id: int, limit: int, account_id: int | None) -> Sequence[HealthChange]:
    """Give the changes seen after one, of all accounts or of one."""
    query = select(HealthChange).where(HealthChange.id > change_id).order_by(HealthChange.id).limit(limit)
    return db.session.scalars(query if account_id is None else query.where(HealthChange.account_id == account_id)).all()


def changes_since(day: date, owner_id: int | None, limit: int = 12) -> list[Any]:
    """Give the accounts that changed band since a day, those with most revenue first."""
    query = text(
        "SELECT c.account_id, s.name, s.arr_minor, c.changed_on,"
        " c.from_band, c.to_band, c.from_score, c.to_score, c.why"
        " FROM health_change c JOIN account_summary s USING (workspace_id, account_id)"
        " WHERE c.changed_on >= :day AND c.from_band <> c.to_band"
        " AND (CAST(:owner AS bigint) IS NULL OR s.owner_id = :owner) ORDER BY s.arr_minor DESC LIMIT :limit"
    )
    return list(db.session.execute(query, {"day": day, "owner": owner_id, "limit": limit}))
