"""Scorecards, scores, risks and the models behind them, as rows."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Double

from app.core.tenancy import Tenant, TenantKey, refers_to
from app.extensions import db


class Scorecard(Tenant, db.Model):
    """A version of a scorecard: dimensions of measures, each with weight, curve and deadline (scorecard.py)."""

    __tablename__ = "scorecard"
    name: Mapped[str]
    version: Mapped[int]
    definition: Mapped[dict[str, Any]]
    published_at: Mapped[datetime | None]
    published_by: Mapped[int | None]
    __table_args__ = (UniqueConstraint("workspace_id", "name", "version"),)


class ModelVersion(Tenant, db.Model):
    """One training: its verdict, report and tables to score with. States: champion, challenger, refused, retired.

    `because` says in words why it is in force, or why not.
    """

    __tablename__ = "model_version"
    state: Mapped[str]
    verdict: Mapped[list[Any]]
    report: Mapped[dict[str, Any]]
    artifact: Mapped[dict[str, Any] | None] = mapped_column(deferred=True)
    trained_on: Mapped[date]
    trained_at: Mapped[datetime] = mapped_column(server_default=func.now())
    because: Mapped[str] = mapped_column(default="", server_default=text("''"))
    __table_args__ = (
        Index("uq_model_version_champion", "workspace_id", unique=True, postgresql_where=text("state = 'champion'")),
    )

    @property
    def can_score(self) -> bool:
        return self.state != "refused"


class ModelCheck(TenantKey, db.Model):
    """How the model in force stood on a day: does the book still look as in training, and did its risks come true?

    `drift`: [{code, title, psi, limit, has_moved, lasts}], the furthest first. `kept`: {since, until, days, accounts,
    expected, left, low, high} of the newest risks whose outcome is known. `breach` says what is wrong, empty when
    nothing is; playbooks note in `told_at` that somebody was given a task.
    """

    __tablename__ = "model_check"
    checked_on: Mapped[date] = mapped_column(primary_key=True)
    model_version_id: Mapped[int]
    accounts: Mapped[int]
    drift: Mapped[list[Any]]
    kept: Mapped[dict[str, Any]]
    breach: Mapped[str]
    checked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    told_at: Mapped[datetime | None]
    __table_args__ = (refers_to("model_version", "model_version_id"),)


class HealthScore(TenantKey, db.Model):
    """An account's score on a day, with everything it was made of: `values` and the figures `before` they are compared
    with, in the order of the scorecard's signals; NULL is unknown or stale."""

    __tablename__ = "health_score"
    account_id: Mapped[int] = mapped_column(primary_key=True)
    scored_on: Mapped[date] = mapped_column(primary_key=True)
    scorecard_id: Mapped[int]
    score: Mapped[float | None] = mapped_column(Double)
    coverage: Mapped[float] = mapped_column(Double)
    band: Mapped[str]
    values: Mapped[list[float | None]] = mapped_column(ARRAY(Double))
    before: Mapped[list[float | None]] = mapped_column(ARRAY(Double))
    computed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        refers_to("account", "account_id"),
        refers_to("scorecard", "scorecard_id", ondelete=None),
        Index("ix_health_score_on", "workspace_id", "scored_on", "account_id"),
    )


class ChurnScore(TenantKey, db.Model):
    """An account's risk on a day: one survival curve, the risks read off it, and the reasons that add up."""

    __tablename__ = "churn_score"
    account_id: Mapped[int] = mapped_column(primary_key=True)
    scored_on: Mapped[date] = mapped_column(primary_key=True)
    model_version_id: Mapped[int | None]
    basis: Mapped[str]
    survival: Mapped[list[float]] = mapped_column(ARRAY(Double))
    risk_30: Mapped[float] = mapped_column(Double)
    risk_90: Mapped[float] = mapped_column(Double)
    risk_180: Mapped[float] = mapped_column(Double)
    risk_365: Mapped[float] = mapped_column(Double)
    lifetime_months: Mapped[float | None] = mapped_column(Double)
    average_90: Mapped[float] = mapped_column(Double)
    reasons: Mapped[list[Any]]
    computed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        refers_to("account", "account_id"),
        refers_to("model_version", "model_version_id", ondelete=None),
    )


class HealthChange(Tenant, db.Model):
    """A score that changed band or a risk that crossed a threshold, until playbooks have claimed it."""

    __tablename__ = "health_change"
    account_id: Mapped[int]
    changed_on: Mapped[date]
    from_band: Mapped[str]
    to_band: Mapped[str]
    from_score: Mapped[float | None] = mapped_column(Double)
    to_score: Mapped[float | None] = mapped_column(Double)
    from_risk: Mapped[float | None] = mapped_column(Double)
    to_risk: Mapped[float | None] = mapped_column(Double)
    why: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    processed_at: Mapped[datetime | None]
    __table_args__ = (
        UniqueConstraint("workspace_id", "account_id", "changed_on"),
        refers_to("account", "account_id"),
        Index("ix_health_change_new", "workspace_id", "id", postgresql_where=text("processed_at IS NULL")),
        Index("ix_health_change_on", "workspace_id", "changed_on"),
    )
