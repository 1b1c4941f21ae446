"""Opens a score: what each measure says, what it brings, and how two scores differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor

import numpy as np

from app.core import tenancy
from app.extensions import db
from app.health.models import HealthScore, Scorecard, ScoreOverride
from app.health.scorecard import Card, Measure, band_of, share_of_each

Points = Sequence[float | None]


@dataclass(frozen=True)
class Line:
    """One measure of a receipt. `brings` of all lines add up to the computed score; None where it is unknown."""

    measure: Measure
    dimension: str
    value: float | None
    points: float | None
    brings: float | None


@dataclass(frozen=True)
class Receipt:
    """A score taken apart, as it was made. `override` is what a person put in the computed score's place."""

    score: HealthScore
    card: Card
    name: str
    version: int
    signals: tuple[str, ...]
    lines: tuple[Line, ...]
    override: ScoreOverride | None = None

    @property
    def computed(self) -> float | None:
        return self.score.computed if self.override else self.score.score  # an override that is not stored, too

    @property
    def by_override(self) -> float:
        """What a person's judgement added to the computed score, or took from it."""
        shown, computed = self.score.score, self.computed
        return 0.0 if shown is None or computed is None else shown - computed

    @property
    def held_against(self) -> str | None:
        """The band that its points alone would put it in, where it stands in another by hysteresis."""
        fits = band_of(self.card, self.score.score, None)
        return fits if fits != self.score.band else None

    @property
    def unknown(self) -> list[Line]:
        return [line for line in self.lines if line.value is None]

    @property
    def brought(self) -> dict[str, float]:
        """What each known measure brings, by its signal, to one decimal: so they add up to the score as it is shown."""
        known = {line.measure.signal: line.brings for line in self.lines if line.brings is not None}
        return dict(zip(known, in_tenths(list(known.values()), self.computed or 0.0), strict=True))

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
    """What one cause did to the score between two receipts, in points. `kind`: data (a figure moved), missing (figures
    became known or unknown), configuration (another scorecard or version) or override (a person's judgement)."""

    kind: str
    title: str
    points: float
    because: str


def receipt_of(score: HealthScore) -> Receipt:
    """Take a stored score apart with the scorecard it was made with."""
    row = db.session.get_one(Scorecard, (tenancy.workspace_id(), score.scorecard_id))
    key = (tenancy.workspace_id(), score.override_id)
    override = db.session.get(ScoreOverride, key) if score.override_id else None
    card, signals = Card.of(row.definition), tuple(row.definition["signals"])
    points = points_of(card, signals, score.values)
    values = [score.values[signals.index(measure.signal)] for measure in card.measures]
    lines = tuple(
        Line(measure, card.titles[measure.dimension], value, point, share)
        for measure, value, point, share in zip(card.measures, values, points, share_of_each(card, points), strict=True)
    )
    return Receipt(score, card, row.name, row.version, signals, lines, override)


def points_of(card: Card, signals: Sequence[str], values: Sequence[float | None]) -> list[float | None]:
    """Read kept figures (in the order of `signals`) off a card's curves."""
    return [_points(measure, values[signals.index(measure.signal)]) for measure in card.measures]


def difference(now: Receipt, before: Receipt) -> list[Part]:
    """Split the change between two scores into parts that add up to it, the largest first; none where one abstains.

    Read with the earlier card: a figure known both times brings what its points moved, weighted by all such figures;
    what became known or unknown shifts the weights of the others, and that whole shift is one part. What the later card
    says of the later figures beyond that is the configuration's. What a person put in place of either comes last.
    """
    shown_now, shown_before = now.score.score, before.score.score
    if shown_now is None or shown_before is None:
        return []
    then = [line.points for line in before.lines]
    later = points_of(before.card, before.signals, _in_order(now, before.signals))
    end, own = _mean(before.card, later), _mean(now.card, [line.points for line in now.lines])
    parts = _data_parts(before.card, later, then)
    parts.append(Part("configuration", _configured(now, before), own - end, "another scorecard reads the figures"))
    parts.append(_override_part(now, before, now.by_override - before.by_override))
    rest = shown_now - shown_before - sum(part.points for part in parts)
    parts.append(_missing_part(before.card, later, then, rest))
    return sorted((part for part in parts if abs(part.points) > 1e-9), key=lambda part: -abs(part.points))


def _in_order(receipt: Receipt, signals: Sequence[str]) -> list[float | None]:
    """Give a receipt's kept figures in the order of other signals; one it did not keep is unknown."""
    kept = dict(zip(receipt.signals, receipt.score.values, strict=True))
    return [kept.get(signal) for signal in signals]


def _mean(card: Card, points: Points) -> float:
    """Give Σ w·s·a / Σ w·a, 0 where nothing is known: whether a card abstains is not asked here."""
    return sum(share for share in share_of_each(card, points) if share is not None)


def _data_parts(card: Card, now: Points, before: Points) -> list[Part]:
    both = [
        (measure, n, b)
        for measure, n, b in zip(card.measures, now, before, strict=True)
        if n is not None and b is not None
    ]
    weight = sum(measure.weight for measure, _, _ in both)
    return [
        Part("data", measure.title, measure.weight * (n - b) / weight, "its figure moved")
        for measure, n, b in both
        if weight
    ]


def _missing_part(card: Card, now: Points, before: Points, points: float) -> Part:
    changed = [m.title for m, n, b in zip(card.measures, now, before, strict=True) if (n is None) != (b is None)]
    return Part("missing", ", ".join(changed) or "Other measures", points, "became known or unknown")


def _configured(now: Receipt, before: Receipt) -> str:
    after = f"{now.name} {now.version}"
    return f"Scorecard {after}, before {before.name} {before.version}" if now.card != before.card else "Scorecard"


def _override_part(now: Receipt, before: Receipt, points: float) -> Part:
    if now.override is None:
        return Part("override", "A person's judgement", points, "it ended")
    same = before.override is not None and before.override.id == now.override.id
    return Part(
        "override", "A person's judgement", points, "the figures below it moved" if same else now.override.reason
    )


def change_in_print(now: Receipt, before: Receipt) -> tuple[list[tuple[Part, float]], float]:
    """Give the parts of a change, each with its points, and the change itself, to one decimal as both scores are."""
    if now.score.score is None or before.score.score is None:
        return [], 0.0
    together, parts = round(now.score.score, 1) - round(before.score.score, 1), difference(now, before)
    return list(zip(parts, in_tenths([part.points for part in parts], together), strict=True)), together


def in_tenths(parts: Sequence[float], total: float) -> list[float]:
    """Round parts to one decimal so that they add up to the rounded total: those with most left over are rounded up."""
    tenths = [floor(10 * part) for part in parts]
    short = round(10 * total) - sum(tenths)
    order = sorted(range(len(parts)), key=lambda n: tenths[n] - 10 * parts[n])
    for n in order[:short] if short > 0 else order[short:] if short else []:
        tenths[n] += 1 if short > 0 else -1
    return [each / 10 for each in tenths]


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
