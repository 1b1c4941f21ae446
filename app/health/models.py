"""Scorecards, scores, risks and the models behind them, as rows."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Double

from app.core.tenancy import Tenant, TenantKey, refers_to
from app.extensions import Model


class Scorecard(Tenant, Model):
    """A version of a scorecard, never changed: dimensions of measures, each with weight, curve and deadline
    (scorecard.py), for the accounts of its `segment` (cards/choosing.py). Of those in force, an account is scored with
    the first by `position` whose segment it is in; `reason` says why the version was made."""

    __tablename__ = "scorecard"
    name: Mapped[str]
    version: Mapped[int]
    definition: Mapped[dict[str, Any]]
    segment: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))
    position: Mapped[int] = mapped_column(default=1_000, server_default="1000")
    is_in_force: Mapped[bool] = mapped_column(default=True, server_default="true")
    reason: Mapped[str] = mapped_column(default="", server_default="")
    published_at: Mapped[datetime | None]
    published_by: Mapped[int | None]
    __table_args__ = (
        UniqueConstraint("workspace_id", "name", "version"),
        Index("uq_scorecard_in_force", "workspace_id", "name", unique=True, postgresql_where=text("is_in_force")),
    )


class ScorecardTrial(Tenant, Model):
    """A scorecard as somebody would have it, replayed over the past year before it is published or thrown away.

    `result`: who changes band and whether churned accounts are ranked better; None until the job has run.
    """

    __tablename__ = "scorecard_trial"
    name: Mapped[str]
    definition: Mapped[dict[str, Any]]
    segment: Mapped[dict[str, Any]]
    position: Mapped[int]
    reason: Mapped[str]
    made_by: Mapped[int | None]
    made_at: Mapped[datetime]
    job_id: Mapped[int | None]
    result: Mapped[dict[str, Any] | None]
    outcome: Mapped[str | None]
    ended_at: Mapped[datetime | None]


class ScoreOverride(Tenant, Model):
    """The score a person gives an account in place of the computed one, for a reason and a time (both days count)."""

    __tablename__ = "score_override"
    account_id: Mapped[int]
    score: Mapped[float] = mapped_column(Double)
    computed: Mapped[float | None] = mapped_column(Double)
    reason: Mapped[str]
    made_by: Mapped[int | None]
    made_at: Mapped[datetime]
    from_on: Mapped[date]
    until_on: Mapped[date]
    withdrawn_on: Mapped[date | None]
    __table_args__ = (
        refers_to("account", "account_id"),
        Index("ix_score_override_account", "workspace_id", "account_id", "until_on"),
    )

    def is_in_force(self, day: date) -> bool:
        return self.from_on <= day <= self.until_on and (self.withdrawn_on is None or day < self.withdrawn_on)


class ModelVersion(Tenant, Model):
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


class ModelCheck(TenantKey, Model):
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


class MoveModel(Tenant, Model):
    """One training of a model of `contraction` or `expansion`. The newest of a kind stands; without an artifact it was
    refused, and base rates are told."""

    __tablename__ = "move_model"
    kind: Mapped[str]
    verdict: Mapped[list[Any]]
    report: Mapped[dict[str, Any]]
    artifact: Mapped[dict[str, Any] | None]
    trained_on: Mapped[date]
    trained_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (Index("ix_move_model_kind", "workspace_id", "kind", "id"),)


class HealthScore(TenantKey, Model):
    """An account's score on a day, with everything it was made of: `values` and the figures `before` they are compared
    with, in the order of the scorecard's signals; NULL is unknown or stale. `computed` is what the card says where a
    person's override stands in `score`."""

    __tablename__ = "health_score"
    account_id: Mapped[int] = mapped_column(primary_key=True)
    scored_on: Mapped[date] = mapped_column(primary_key=True)
    scorecard_id: Mapped[int]
    score: Mapped[float | None] = mapped_column(Double)
    coverage: Mapped[float] = mapped_column(Double)
    band: Mapped[str]
    computed: Mapped[float | None] = mapped_column(Double)
    override_id: Mapped[int | None]
    values: Mapped[list[float | None]] = mapped_column(ARRAY(Double))
    before: Mapped[list[float | None]] = mapped_column(ARRAY(Double))
    computed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        refers_to("account", "account_id"),
        refers_to("scorecard", "scorecard_id", ondelete=None),
        refers_to("score_override", "override_id", ondelete="SET NULL"),
        Index("ix_health_score_on", "workspace_id", "scored_on", "account_id"),
    )

    @property
    def by_card(self) -> float | None:
        """What the scorecard says, whatever a person judged."""
        return self.score if self.override_id is None else self.computed


class ChurnScore(TenantKey, Model):
    """An account's risk on a day: one survival curve, the risks read off it, and the reasons that add up.

    Apart from it, the chance to pay less, or more, within 90 days while staying; `moves` keeps basis, book's average
    and reasons of each.
    """

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
    contraction_90: Mapped[float | None] = mapped_column(Double)
    expansion_90: Mapped[float | None] = mapped_column(Double)
    moves: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    computed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    __table_args__ = (
        refers_to("account", "account_id"),
        refers_to("model_version", "model_version_id", ondelete=None),
    )


class HealthChange(Tenant, Model):
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


class CorrectedScore(TenantKey, Model):
    """What a stored score of a past day is with all that is known now, where something came late to it; it may be
    the same.

    `because`: the largest usage that came late, {quantity, meter, day, known_on}, else the newest fact, {kind, what,
    day, known_on} (LateFact); None where only people did.
    """

    __tablename__ = "corrected_score"
    account_id: Mapped[int] = mapped_column(primary_key=True)
    scored_on: Mapped[date] = mapped_column(primary_key=True)
    score: Mapped[float | None] = mapped_column(Double)
    coverage: Mapped[float] = mapped_column(Double)
    values: Mapped[list[float | None]] = mapped_column(ARRAY(Double))
    before: Mapped[list[float | None]] = mapped_column(ARRAY(Double))
    because: Mapped[dict[str, Any] | None]
    computed_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    __table_args__ = (refers_to("account", "account_id"),)
