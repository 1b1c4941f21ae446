"""Puts an account's reasons into the words and figures that are kept with its risk."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ml.explain import Reasons
from ml.hazard.model import HazardModel
from ml.hints import hint, risks_if_typical
from ml.signals import BY_CODE


def told_reasons(model: HazardModel, found: Reasons, typical: Mapping[str, float]) -> list[list[dict[str, Any]]]:
    """Give each account's reasons: sentence, points, what can be done, and a hint where that would lower the risk."""
    told = [
        [
            {
                "code": reason.code, "sentence": reason.sentence, "points": round(reason.points, 4),
                "act": BY_CODE[reason.code].acts_on if reason.code in BY_CODE else None,
            }
            for reason in said
        ]
        for said in found.in_words()
    ]  # fmt: skip
    supposed = risks_if_typical(model, found, typical)
    for row, rank in zip(*(place.tolist() for place in np.nonzero(~np.isnan(supposed))), strict=True):
        reason, column = told[row][rank], found.code[row, rank]
        before, risk = float(found.before[row, column]), float(found.risk[row])
        said = hint(reason["code"], typical[reason["code"]], before, risk, float(supposed[row, rank]))
        if said:
            reason["hint"] = said
    return told
