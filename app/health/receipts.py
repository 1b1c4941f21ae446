"""Opens a score: what each measure says, what it brings, and how two scores differ."""

from dataclasses import dataclass

import numpy as np

from app.core import tenancy
from app.extensions import db
from app.health.models import HealthScore, Scorecard
from app.health.scorecard import Card, Measure, share_of_each


@dataclass(frozen=True)
class Line:
    """One measure of a receipt. `brings` of all lines add up to the score; None where it is unknown."""

    measure: Measure
    dimension: str
    value: float | None
    points: float | None
    brings: float | None


@dataclass(frozen=True)
class Receipt:
    """A score taken apart, as it was made."""

    score: HealthScore
    card: Card
    version: int
    lines: tuple[Line, ...]

    @property
    def unknown(self) -> list[Line]:
        return [line for line in self.lines if line.value is None]

    def by_dimension(self) -> list[tuple[str, float | None, list[Line]]]:
        """Give (title, mean points of what is known, lines) for each dimension."""
        found = []
        for title in self.card.titles.values():
            lines = [line for line in self.lines if line.dimension == title]
            weight = sum(line.measure.weight for line in lines if line.points is not None)
            points = sum(line.measure.weight * line.points for line in lines if line.points is not None)
            found.append((title, points / weight if weight else None, lines))
        return found


@dataclass(frozen=True)
class Part:
    """What one measure did to the score between two receipts, in points; `because`: its figure, or what is known."""

    title: str
    points: float
    because: str


def receipt_of(score: HealthScore) -> Receipt:
    """Take a stored score apart with the scorecard it was made with."""
    row = db.session.get_one(Scorecard, (tenancy.workspace_id(), score.scorecard_id))
    card = Card.of(row.definition)
    signals = row.definition["signals"]
    values = [score.values[signals.index(measure.signal)] for measure in card.measures]
    points = [_points(measure, value) for measure, value in zip(card.measures, values, strict=True)]
    shares = share_of_each(card, points)
    lines = tuple(
        Line(measure, card.titles[measure.dimension], value, point, share)
        for measure, value, point, share in zip(card.measures, values, points, shares, strict=True)
    )
    return Receipt(score, card, row.version, lines)


def difference(now: Receipt, before: Receipt) -> list[Part]:
    """Split the change between two scores into parts that add up to it, the largest first.

    With the same measures known, a part is the change of what the measure brings. What became known or unknown
    shifts the weights of all others; that whole shift is told as the part of those measures.
    """
    if now.card != before.card or now.score.score is None or before.score.score is None:
        return []
    both = [
        (n, b) for n, b in zip(now.lines, before.lines, strict=True) if n.points is not None and b.points is not None
    ]
    weight = sum(n.measure.weight for n, _ in both)
    parts = [
        Part(n.measure.title, n.measure.weight * (n.points - b.points) / weight, "its figure moved")
        for n, b in both
        if n.points is not None and b.points is not None and weight
    ]
    rest = (now.score.score - before.score.score) - sum(part.points for part in parts)
    changed = [
        n.measure.title
        for n, b in zip(now.lines, before.lines, strict=True)
        if (n.points is None) != (b.points is None)
    ]
    if changed or abs(rest) > 1e-9:
        parts.append(Part(", ".join(changed) or "Other measures", rest, "became known or unknown"))
    return sorted((part for part in parts if abs(part.points) > 1e-9), key=lambda part: -abs(part.points))


def in_words(value: float | None, unit: str) -> str:
    """Write a measure's value with its unit."""
    if value is None:
        return "unknown"
    if unit in {"share", "change"}:
        return f"{'+' if unit == 'change' and value > 0 else ''}{value * 100:.0f} %".replace("-", "−")
    if unit == "ratio":
        return f"{value:.2f} ×"
    if unit == "days":
        return f"{value:.0f} day{'' if round(value) == 1 else 's'}"
    return f"{value:.1f}".removesuffix(".0").replace("-", "−")


def _points(measure: Measure, value: float | None) -> float | None:
    return None if value is None else float(measure.points(np.array([value]))[0])
