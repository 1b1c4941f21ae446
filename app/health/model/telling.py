"""Puts an account's reasons into the words and figures that are kept with its risk."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ml.explain import Reason, Reasons
from ml.facts import FloatArray
from ml.hazard.model import HazardModel
from ml.hints import hint, risks_if_typical
from ml.signals import BY_CODE


def reasons_teller(
    model: HazardModel, found: Reasons, typical: Mapping[str, float]
) -> Callable[[slice], list[list[dict[str, Any]]]]:
    """Give what tells the reasons of a stretch of accounts: sentence, points, what can be done, and a hint where that
    would lower the risk."""
    supposed = risks_if_typical(model, found, typical)

    def tell(rows: slice) -> list[list[dict[str, Any]]]:
        told = [[_plain(reason) for reason in said] for said in found.in_words(rows)]
        _add_hints(told, found, supposed, rows, typical)
        return told

    return tell


def _plain(reason: Reason) -> dict[str, Any]:
    act = BY_CODE[reason.code].acts_on if reason.code in BY_CODE else None
    return {"code": reason.code, "sentence": reason.sentence, "points": round(reason.points, 4), "act": act}


def _add_hints(
    told: list[list[dict[str, Any]]], found: Reasons, supposed: FloatArray, rows: slice, typical: Mapping[str, float]
) -> None:
    for at, rank in zip(*(place.tolist() for place in np.nonzero(~np.isnan(supposed[rows]))), strict=True):
        reason, row = told[at][rank], rows.start + at
        before, risk = float(found.before[row, found.code[row, rank]]), float(found.risk[row])
        said = hint(reason["code"], typical[reason["code"]], before, risk, float(supposed[row, rank]))
        if said:
            reason["hint"] = said
