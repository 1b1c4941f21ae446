"""Reads a scorecard as a person has written it into a form, and says at each field what is wrong."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from app.accounts.models import STAGES
from app.core.problems import Problem
from app.health.cards.choosing import CONTRACTS, EVERYONE, LAST
from app.health.cards.defaults import DEFAULT, ONBOARDING

Words = Mapping[str, str]
_CORNER = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*:\s*(\d+(?:\.\d+)?)\s*")
_LONGEST_NAME = 60
NEVER = 100_000  # days: the deadline of a source that may be silent for years and still be right


@dataclass
class Draft:
    """A scorecard on its way: what could be read, and what is wrong by the name of its field."""

    name: str
    reason: str
    position: int
    segment: dict[str, Any]
    definition: dict[str, Any]
    errors: dict[str, str] = field(default_factory=dict)

    def check(self) -> None:
        """Raise Problem(422) with one error a field, when something is wrong."""
        if self.errors:
            listed = [{"pointer": name, "detail": why} for name, why in self.errors.items()]
            raise Problem(422, "The scorecard cannot be tried yet.", "invalid", listed)


def editable(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Give a definition with what it leaves out at weight 0, so that a form can offer it."""
    dimensions = []
    for dimension in definition["dimensions"]:
        there = {measure["signal"] for measure in dimension["measures"]}
        others = [
            measure | {"weight": 0}
            for signal, (code, measure) in _CATALOGUE.items()
            if code == dimension["code"] and signal not in there
        ]
        dimensions.append(dimension | {"measures": [*dimension["measures"], *others]})
    return {**definition, "dimensions": dimensions}


def read(words: Words, base: Mapping[str, Any], name: str | None, taken: Sequence[str]) -> Draft:
    """Read a form over the definition it began with. `name` is None for a new card, which must have none of `taken`."""
    reading = _Reading(words)
    draft = Draft(
        name=name or words.get("name", "").strip(),
        reason=words.get("reason", "").strip(),
        position=LAST if name == EVERYONE else int(reading.number("position", 1, LAST - 1)),
        segment={} if name == EVERYONE else reading.segment(),
        definition=_definition(reading, base),
        errors=reading.errors,
    )
    if not 0 < len(draft.name) <= _LONGEST_NAME or "/" in draft.name or (name is None and draft.name in taken):
        draft.errors["name"] = f"Give a name of up to {_LONGEST_NAME} letters, no slash, that no other scorecard has."
    if not draft.reason:
        draft.errors["reason"] = "Say why: it stands in the history of versions."
    return draft


def corners_in_words(curve: Sequence[Sequence[float]]) -> str:
    """Write a curve as the form takes it: `figure: points`, corner by corner."""
    return ", ".join(f"{at:g}: {points:g}" for at, points in curve)


def _definition(reading: "_Reading", base: Mapping[str, Any]) -> dict[str, Any]:
    floors = {name: reading.number(f"band.{name}", 0, 100) for name, _ in base["bands"][:-1]}
    if list(floors.values()) != sorted(floors.values(), reverse=True) or len(set(floors.values())) < len(floors):
        reading.errors["band.thriving"] = "Each band must begin below the one before it."
    dimensions = [reading.dimension(dimension) for dimension in editable(base)["dimensions"]]
    kept = [dimension for dimension in dimensions if dimension["weight"] and dimension["measures"]]
    if not kept:
        reading.errors["weights"] = "At least one measure must weigh something."
    return {
        "signals": list(base["signals"]),
        "bands": [[name, floor] for name, floor in floors.items()] + [[base["bands"][-1][0], 0]],
        "hysteresis": reading.number("hysteresis", 0, 20),
        "coverage_floor": reading.number("coverage_floor", 0, 100) / 100,
        "deadlines": {
            source: int(reading.number(f"deadline.{source}", 1, 1_000)) if days < NEVER else days
            for source, days in base["deadlines"].items()
        },
        "dimensions": kept,
    }


class _Reading:
    def __init__(self, words: Words) -> None:
        self.words, self.errors = words, dict[str, str]()

    def number(self, name: str, least: float, most: float) -> float:
        try:
            found = float(self.words.get(name, "").replace(",", "."))
        except ValueError:
            found = float("nan")
        if least <= found <= most:
            return found
        self.errors[name] = f"Give a number from {least:g} to {most:g}."
        return least

    def segment(self) -> dict[str, Any]:
        given = {name: self.words.get(f"segment.{name}", "").strip() for name in ("stage", "tier", "plan", "contract")}
        for name, known in (("stage", STAGES), ("contract", CONTRACTS)):
            if given[name] and given[name] not in known:
                self.errors[f"segment.{name}"] = f"Choose one of: {', '.join(known)}."
        found: dict[str, Any] = {name: value for name, value in given.items() if value}
        if self.words.get("segment.arr_from", "").strip():
            found["arr_from"] = int(self.number("segment.arr_from", 1, 1e12))
        if not found:
            self.errors["segment"] = "Say which accounts it is for; all the others have the Default card."
        return found

    def dimension(self, base: Mapping[str, Any]) -> dict[str, Any]:
        code = base["code"]
        measures = [self._measure(code, measure) for measure in base["measures"]]
        kept = [measure for measure in measures if measure["weight"]]
        return {**base, "weight": self.number(f"weight.{code}", 0, 1_000), "measures": kept}

    def _measure(self, code: str, base: Mapping[str, Any]) -> dict[str, Any]:
        name = f"{code}.{base['signal']}"
        weight = self.number(f"weight.{name}", 0, 1_000)
        return {**base, "weight": weight, "curve": self._curve(f"curve.{name}")}

    def _curve(self, name: str) -> list[list[float]]:
        parts = [_CORNER.fullmatch(part) for part in self.words.get(name, "").split(",")]
        corners = [[float(part[1]), float(part[2])] for part in parts if part]
        rises = all(one[0] < other[0] for one, other in pairwise(corners))
        if len(corners) < 2 or len(corners) < len(parts) or not rises or any(points > 100 for _, points in corners):
            self.errors[name] = "Write at least two corners, figures rising, points 0 to 100: 0: 100, 10: 60, 45: 0"
        return corners


_CATALOGUE: dict[str, tuple[str, dict[str, Any]]] = {
    measure["signal"]: (dimension["code"], measure)
    for definition in (ONBOARDING, DEFAULT)
    for dimension in definition["dimensions"]
    for measure in dimension["measures"]
}
