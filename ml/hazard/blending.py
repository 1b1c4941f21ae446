"""The mean of additive models, which is additive too: learners err in ways of their own, and together they err less."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ml.hazard.model import HazardModel, Shape


def blended(models: Sequence[HazardModel]) -> HazardModel:
    """Return the model whose log-odds, and every signal's share of them, are the mean of theirs; same signals each."""
    shapes = tuple(_mean(same) for same in zip(*(model.shapes for model in models), strict=True))
    return replace(models[0], base=np.mean([model.base for model in models], axis=0), shapes=shapes)


def _mean(shapes: Sequence[Shape]) -> Shape:
    """Step wherever one of them does."""
    thresholds = np.unique(np.concatenate([shape.thresholds for shape in shapes]))
    steps = np.concatenate([thresholds, [np.inf, np.nan]])  # the last two: above all thresholds, and unknown
    return Shape(shapes[0].code, thresholds, np.mean([shape.table[shape.steps(steps)] for shape in shapes], axis=0))
