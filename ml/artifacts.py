"""A model as JSON, and back: nothing to unpickle, the same scores to the last bit."""

from typing import Any

import numpy as np

from ml.facts import FloatArray
from ml.features import MONTHS
from ml.hazard.model import Calibration, HazardModel, Shape
from ml.signals import BY_CODE

FORMAT = "perennial.hazard"
VERSION = 1


def dump(model: HazardModel) -> dict[str, Any]:
    """Return the model as plain lists, numbers and strings."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "learner": model.learner,
        "months_seen": model.months_seen,
        "calibration": {"intercept": model.calibration.intercept, "slope": model.calibration.slope},
        "base": model.base.tolist(),
        "shapes": [
            {"code": shape.code, "thresholds": shape.thresholds.tolist(), "table": shape.table.tolist()}
            for shape in model.shapes
        ],
        "about": model.about,
    }


def load(kept: dict[str, Any]) -> HazardModel:
    """Return the model that was dumped. Raises ValueError saying what is wrong with anything else."""
    if not isinstance(kept, dict) or kept.get("format") != FORMAT:
        raise ValueError(f"not a {FORMAT} artifact")
    if kept.get("version") != VERSION:
        raise ValueError(f"artifact version {kept.get('version')!r} cannot be read; this code reads {VERSION}")
    try:
        calibration = Calibration(float(kept["calibration"]["intercept"]), float(kept["calibration"]["slope"]))
        shapes = tuple(_shape(shape) for shape in kept["shapes"])
        base = _numbers("base", kept["base"], (2, MONTHS))
        return HazardModel(str(kept["learner"]), base, shapes, calibration, int(kept["months_seen"]), kept["about"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"artifact is damaged: {error!r}") from error


def _shape(kept: dict[str, Any]) -> Shape:
    code = kept["code"]
    if code not in BY_CODE:
        raise ValueError(f"artifact names a signal that does not exist: {code!r}")
    thresholds = _numbers(f"{code}.thresholds", kept["thresholds"], (len(kept["thresholds"]),))
    if (np.diff(thresholds) <= 0).any():
        raise ValueError(f"{code}.thresholds must rise")
    return Shape(code, thresholds, _numbers(f"{code}.table", kept["table"], (len(thresholds) + 2, 2, MONTHS)))


def _numbers(name: str, kept: list[Any], shape: tuple[int, ...]) -> FloatArray:
    try:
        numbers = np.array(kept, dtype=float)
    except ValueError as error:
        raise ValueError(f"{name}: not a table of numbers") from error
    if numbers.shape != shape or not np.isfinite(numbers).all():
        raise ValueError(f"{name}: expected finite numbers of shape {shape}, got shape {numbers.shape}")
    return numbers
