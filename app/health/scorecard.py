"""A scorecard: dimensions of measures, each a named curve from a fact to 0–100 (numbers.md §2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Measure:
    """Turns one signal into points. `curve`: (value, points) corners joined by straight lines, flat beyond the ends."""

    signal: str
    title: str
    unit: str
    dimension: str
    weight: float
    source: str
    curve: tuple[tuple[float, float], ...]

    def points(self, values: FloatArray) -> FloatArray:
        """Read the curve; NaN stays NaN."""
        at, points = zip(*self.curve, strict=True)
        return np.where(np.isnan(values), np.nan, np.interp(values, at, points))


@dataclass(frozen=True)
class Card:
    """A scorecard ready to score with; `weight` of a measure is its share of the whole."""

    measures: tuple[Measure, ...]
    titles: Mapping[str, str]
    deadlines: Mapping[str, int]
    bands: tuple[tuple[str, float], ...]
    hysteresis: float
    coverage_floor: float

    @classmethod
    def of(cls, definition: Mapping[str, Any]) -> "Card":
        """Read a definition. Raises KeyError or ValueError when it is not one."""
        measures = tuple(
            Measure(
                m["signal"], m["title"], m["unit"], d["code"],
                d["weight"] * m["weight"] / sum(each["weight"] for each in d["measures"]),
                m["source"], tuple((float(x), float(y)) for x, y in m["curve"]),
            )
            for d in definition["dimensions"]
            for m in d["measures"]
        )  # fmt: skip
        return cls(
            measures=measures,
            titles={d["code"]: d["title"] for d in definition["dimensions"]},
            deadlines=definition["deadlines"],
            bands=tuple((name, float(floor)) for name, floor in definition["bands"]),
            hysteresis=definition["hysteresis"],
            coverage_floor=definition["coverage_floor"],
        )

    @property
    def weights(self) -> FloatArray:
        return np.array([measure.weight for measure in self.measures])


@dataclass(frozen=True)
class Scores:
    """`points` [accounts, measures], NaN unknown; `score` NaN where coverage is below the floor."""

    points: FloatArray
    score: FloatArray
    coverage: FloatArray


def score(card: Card, values: Mapping[str, FloatArray]) -> Scores:
    """Score accounts: Σ w·s·a / Σ w·a over known measures, coverage Σ w·a / Σ w beside it."""
    points = np.column_stack([measure.points(values[measure.signal]) for measure in card.measures])
    known = ~np.isnan(points)
    weight = known * card.weights
    total = weight.sum(axis=1)
    mean = np.divide(
        (np.nan_to_num(points) * weight).sum(axis=1), total, out=np.full(len(points), np.nan), where=total > 0
    )
    coverage = total / card.weights.sum()
    return Scores(points, np.where(coverage >= card.coverage_floor, mean, np.nan), coverage)


def band_of(card: Card, score: float | None, was: str | None) -> str:
    """Name the band of a score; it leaves the band it was in only by more than the hysteresis."""
    if score is None or np.isnan(score):
        return "unknown"
    fits = _band(card, score)
    near = {_band(card, score - card.hysteresis), _band(card, score + card.hysteresis)}
    return was if was in near else fits


def _band(card: Card, score: float) -> str:
    return next((name for name, floor in card.bands if score >= floor), card.bands[-1][0])


def share_of_each(card: Card, points: Sequence[float | None]) -> list[float | None]:
    """Split one score into what each known measure brings; the parts add up to it."""
    total = sum(m.weight for m, p in zip(card.measures, points, strict=True) if p is not None)
    return [
        None if p is None or not total else m.weight * p / total for m, p in zip(card.measures, points, strict=True)
    ]


def _m(signal: str, title: str, unit: str, weight: float, source: str, *curve: tuple[float, float]) -> dict[str, Any]:
    corners = [list(corner) for corner in curve]
    return {"signal": signal, "title": title, "unit": unit, "weight": weight, "source": source, "curve": corners}


def _d(code: str, title: str, weight: float, *measures: dict[str, Any]) -> dict[str, Any]:
    return {"code": code, "title": title, "weight": weight, "measures": list(measures)}


SIGNALS = (
    "usage_change", "usage_habit", "days_since_use", "active_users_change", "seat_use", "stickiness", "breadth",
    "errors_change", "slow_onboarding", "ticket_change", "urgent_tickets", "open_ticket_age", "sentiment",
    "satisfaction", "days_since_contact", "champion_left", "overdue", "late_payers", "price_increase", "contraction",
    "auto_renew_off", "tenure", "size", "term",
)  # fmt: skip
"""The order in which a score keeps its signals; a test holds it equal to `ml.signals`, which pages must not load."""

DEFAULT: dict[str, Any] = {
    "signals": list(SIGNALS),
    "bands": [["thriving", 85], ["steady", 75], ["watch", 65], ["at risk", 0]],
    "hysteresis": 2.0,
    "coverage_floor": 0.5,
    "deadlines": {"usage": 7, "conversations": 60, "invoices": 75, "contracts": 100_000, "contacts": 100_000},
    "dimensions": [
        _d(
            "adoption", "Adoption", 40,
            _m("usage_habit", "Usage against its habit", "ratio", 30, "usage",
               (0, 0), (0.4, 15), (0.8, 55), (1.0, 80), (1.3, 100)),
            _m("days_since_use", "Days since last use", "days", 15, "usage", (0, 100), (4, 90), (14, 35), (30, 0)),
            _m("active_users_change", "Active users, change in four weeks", "change", 20, "usage",
               (-0.6, 0), (-0.2, 45), (0, 80), (0.2, 100)),
            _m("seat_use", "Seats in use", "share", 20, "usage", (0, 0), (0.4, 45), (0.8, 90), (1, 100)),
            _m("breadth", "Features in use", "count", 15, "usage", (0, 0), (2, 50), (4, 100)),
        ),
        _d(
            "engagement", "Engagement", 10,
            _m("stickiness", "Stickiness (daily / monthly users)", "share", 50, "usage",
               (0, 0), (0.15, 40), (0.4, 90), (0.6, 100)),
            _m("slow_onboarding", "First days left unused", "share", 50, "usage",
               (0, 100), (0.3, 85), (0.6, 40), (0.9, 0)),
        ),
        _d(
            "support", "Support experience", 15,
            _m("urgent_tickets", "Urgent or escalated tickets", "count", 35, "conversations",
               (0, 100), (1, 60), (3, 10), (4, 0)),
            _m("open_ticket_age", "Oldest open ticket", "days", 35, "conversations",
               (0, 100), (5, 75), (20, 20), (40, 0)),
            _m("satisfaction", "Satisfaction, 1–5", "count", 30, "conversations", (1, 0), (3, 40), (4, 75), (5, 100)),
        ),
        _d(
            "commercial", "Commercial", 15,
            _m("overdue", "Oldest overdue invoice", "days", 40, "invoices", (0, 100), (10, 60), (45, 0)),
            _m("late_payers", "Invoices paid late in a year", "share", 25, "invoices", (0, 100), (0.3, 50), (0.7, 0)),
            _m("contraction", "Contraction in 180 days", "share", 35, "contracts", (0, 100), (0.1, 60), (0.4, 0)),
        ),
        _d(
            "relationship", "Relationship", 12,
            _m("days_since_contact", "Days since they last spoke to us", "days", 55, "conversations",
               (0, 100), (30, 80), (90, 25), (150, 0)),
            _m("champion_left", "Champions or sponsors who left", "count", 45, "contacts", (0, 100), (1, 10), (2, 0)),
        ),
        _d(
            "sentiment", "Sentiment", 8,
            _m("sentiment", "Mood of their words, −1 to 1", "count", 100, "conversations",
               (-0.8, 0), (-0.2, 30), (0.2, 70), (0.7, 100)),
        ),
    ],
}  # fmt: skip
