"""Scores, risks and their reasons as the REST API writes them."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field

from app.accounts.schemas import Band
from app.core.rest.schemas import Asked, Day, Number, Page, Paged, Shown


class DayAsked(Asked):
    """A day; without it, today."""

    day: Day | None = Field(None, description="The newest score of this day or before.")


class Measure(Shown):
    """One line of a receipt; what all lines bring adds up to the score."""

    signal: str = Field(examples=["usage_change"])
    title: str = Field(examples=["Usage against the month before"])
    unit: str = Field(examples=["change"])
    value: float | None = Field(description="Its figure; null when unknown or too old.", examples=[-0.38])
    points: float | None = Field(description="0 to 100, read off its curve.", examples=[31.0])
    weight: float = Field(examples=[12.0])
    brings: float | None = Field(examples=[4.1])


class Dimension(Shown):
    """Measures that belong together."""

    title: str = Field(examples=["Adoption"])
    points: float | None = Field(description="The weighted mean of what is known.", examples=[58.2])
    measures: list[Measure]


class Moved(Shown):
    """What one cause did to the score; the parts add up to its change."""

    kind: Literal["data", "missing", "configuration", "override"] = Field(
        description="A figure moved, figures became known or unknown, another scorecard, or a person's judgement.",
        examples=["data"],
    )
    title: str = Field(examples=["Usage against the month before"])
    points: float = Field(examples=[-3.4])
    because: str = Field(examples=["its figure moved"])


class Health(Shown):
    """An account's score on a day with its receipt."""

    account_id: int = Field(examples=[1])
    scored_on: date = Field(examples=["2026-11-20"])
    score: float | None = Field(description="Null when less is known than the scorecard asks for.", examples=[67.4])
    computed: float | None = Field(
        description="What the scorecard says; differs from `score` where a person's override stands.", examples=[67.4]
    )
    override_reason: str | None = Field(description="Why a person judges otherwise.", examples=[None])
    band: Band = Field(examples=["watch"])
    coverage: float = Field(description="The share of the measures' weight that is known.", examples=[0.9])
    scorecard: str = Field(examples=["Default"])
    scorecard_version: int = Field(examples=[1])
    dimensions: list[Dimension]
    week_before: float | None = Field(description="The score a week earlier.", examples=[70.8])
    moved: list[Moved] = Field(description="What changed since then, the largest part first.")


class Reason(Shown):
    """One signal's share in how the risk differs from the book's average."""

    code: str = Field(examples=["usage_change"])
    sentence: str = Field(examples=["used 38 % less than in the 28 days before"])
    points: float = Field(description="Percentage points of the risk within 90 days.", examples=[4.2])
    act: str | None = Field(description="What can be done about it.", examples=["Ask what has changed in their work"])
    hint: str | None = Field(
        None,
        description="What the model would say if this figure were that of a typical steady account; the model does not"
        " know that acting causes it.",
        examples=["If usage had held in four weeks, the risk would be about 9 % instead of 12 %."],
    )


class MoveReason(Shown):
    """One signal's share in how a chance differs from the book's average."""

    code: str = Field(examples=["seat_use"])
    sentence: str = Field(examples=["48 of 50 seats in use"])
    points: float = Field(description="Percentage points of the chance within 90 days.", examples=[3.1])


class Move(Shown):
    """What the chance of a contraction or an expansion rests on."""

    basis: str = Field(description="`model`, or what stands in for it.", examples=["model"])
    average: float = Field(description="The book's average within 90 days.", examples=[0.08])
    reasons: list[MoveReason] = Field(description="They add up to the difference from the average.")


class Moves(Shown):
    """Both moves; an account scored before they were told has none."""

    contraction: Move | None = None
    expansion: Move | None = None


class Risk(Shown):
    """The chance that an account leaves, from one survival curve."""

    account_id: int = Field(examples=[1])
    scored_on: date = Field(examples=["2026-11-20"])
    basis: str = Field(description="`model`, or what stands in for it.", examples=["model"])
    model_version_id: int | None = Field(examples=[1])
    risk_30: float = Field(examples=[0.04])
    risk_90: float = Field(examples=[0.12])
    risk_180: float = Field(examples=[0.2])
    risk_365: float = Field(examples=[0.31])
    average_90: float = Field(description="The book's average within 90 days.", examples=[0.05])
    survival: list[float] = Field(description="The chance to be there still, a month apart.", examples=[[1.0, 0.96]])
    lifetime_months: float | None = Field(examples=[31.5])
    reasons: list[Reason] = Field(description="They add up to the difference from the average.")
    contraction_90: float | None = Field(
        description="The chance that it stays and pays less within 90 days; no part of the risk.", examples=[0.04]
    )
    expansion_90: float | None = Field(description="The chance that it stays and pays more.", examples=[0.12])
    moves: Moves = Field(description="What these two chances rest on.")


class HistoryAsked(Asked):
    """A period, both days within it; without it, the last 26 weeks."""

    since: Day | None = None
    until: Day | None = None


class ScoreDay(Shown):
    """How an account stood on a day."""

    scored_on: date = Field(examples=["2026-11-20"])
    score: float | None = Field(examples=[67.4])
    band: Band = Field(examples=["watch"])
    coverage: float = Field(examples=[0.9])
    risk_90: float | None = Field(examples=[0.12])


class ScoreDays(Page[ScoreDay]):
    """An account's scores, the oldest first; up to 1,000 days."""


class Change(Shown):
    """A score that changed band, or a risk that moved by five points or more."""

    id: int = Field(examples=[1])
    account_id: int = Field(examples=[1])
    changed_on: date = Field(examples=["2026-11-20"])
    from_band: Band = Field(examples=["steady"])
    to_band: Band = Field(examples=["watch"])
    from_score: float | None = Field(examples=[76.0])
    to_score: float | None = Field(examples=[67.4])
    from_risk: float | None = Field(examples=[0.06])
    to_risk: float | None = Field(examples=[0.12])
    why: str = Field(examples=["used 38 % less than in the 28 days before"])
    created_at: datetime = Field(examples=["2026-11-20T02:10:00Z"])


class Changes(Page[Change]):
    """A page of changes, in the order in which they were seen."""


class ChangesAsked(Paged):
    """From where on."""

    account_id: int | None = Field(None, ge=1, le=2**63 - 1)


class ModelsAsked(Paged):
    """From where on."""


class ModelPath(Asked):
    """Which version of the churn model."""

    version_id: Number = Field(description="Our number of the version: its `id`.")


class Model(Shown):
    """A training of the churn model: what became of it, and what it says of itself."""

    id: int = Field(examples=[1])
    state: Literal["champion", "challenger", "retired", "refused"] = Field(
        description="`champion` is in force; `challenger` passed its tests, but is not; `refused` did not pass.",
        examples=["champion"],
    )
    trained_on: date = Field(description="The last day of what it has learnt from.", examples=["2026-11-20"])
    trained_at: datetime = Field(examples=["2026-11-21T03:01:00Z"])
    verdict: list[str] = Field(examples=[["On months it had not seen, the model ranks a churned account higher."]])
    because: str = Field(description="Why it stands so.", examples=["It passed its tests, and no model was in force."])


class Models(Page[Model]):
    """A page of trainings, the newest first."""


class ModelReport(Model):
    """A training with its whole report, as its page shows it."""

    report: dict[str, Any] = Field(
        description="Counts, measures on unseen months with intervals by horizon and segment, baselines, the comparison"
        " with the model then in force, limits, seed, libraries and the fingerprint of the data. What was not measured"
        " is absent.",
        examples=[{"churns": 112, "learner": "ridge logistic", "seed": 1}],
    )
