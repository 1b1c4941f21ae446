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
    return bands_of(card, np.array([np.nan if score is None else score]), [was])[0]


def bands_of(card: Card, scores: FloatArray, were: Sequence[str | None]) -> list[str]:
    """Name the bands of scores [n], NaN unknown, each beside the one it was in."""
    names, floors = [name for name, _ in card.bands], np.array([floor for _, floor in card.bands])

    def places(levels: FloatArray) -> list[int]:
        at: list[int] = np.searchsorted(-floors, -levels).clip(max=len(names) - 1).tolist()
        return at

    fits = [places(scores + step) for step in (0, -card.hysteresis, card.hysteresis)]
    known = (~np.isnan(scores)).tolist()
    return [
        "unknown" if not is_known else was if was in (names[low], names[high]) else names[fit]
        for is_known, was, fit, low, high in zip(known, were, *fits, strict=True)
    ]


def share_of_each(card: Card, points: Sequence[float | None]) -> list[float | None]:
    """Split one score into what each known measure brings; the parts add up to it."""
    total = sum(m.weight for m, p in zip(card.measures, points, strict=True) if p is not None)
    return [
        None if p is None or not total else m.weight * p / total for m, p in zip(card.measures, points, strict=True)
    ]


SIGNALS = (
    "usage_change", "usage_habit", "days_since_use", "active_users_change", "seat_use", "stickiness", "breadth",
    "errors_change", "slow_onboarding", "ticket_change", "urgent_tickets", "open_ticket_age", "sentiment",
    "satisfaction", "days_since_contact", "champion_left", "overdue", "late_payers", "price_increase", "contraction",
    "auto_renew_off", "tenure", "size", "term",
)  # fmt: skip
"""The order in which a score keeps its signals; a test holds it equal to `ml.signals`, which pages must not load."""
