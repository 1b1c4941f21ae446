"""Puts an account's reasons into the words and figures that are kept with its risk."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from app.core import tenancy
from app.core.money import in_currency
from app.extensions import db
from app.identity.models import Workspace
from ml.facts import FloatArray
from ml.hazard.model import HazardModel
from ml.reasons.explain import Reason, Reasons
from ml.reasons.hints import hint, risks_if_typical
from ml.signals import BY_CODE

_MONEY = {
    "size": re.compile(r"[0-9][0-9,.]*(?= a year)"),
    "price_increase": re.compile(r"[0-9][0-9,.]*(?= a year)"),
    "contraction": re.compile(r"(?<=from )[0-9][0-9,.]*"),
}
"""Where in a signal's sentence an amount of money stands."""


def reasons_teller(
    model: HazardModel, found: Reasons, typical: Mapping[str, float]
) -> Callable[[slice], list[list[dict[str, Any]]]]:
    """Give what tells the reasons of a stretch of accounts: sentence, points, what can be done, and a hint where that
    would lower the risk."""
    supposed, currency = risks_if_typical(model, found, typical), currency_in_force()

    def tell(rows: slice) -> list[list[dict[str, Any]]]:
        told = [[_plain(reason, currency) for reason in said] for said in found.in_words(rows)]
        _add_hints(told, found, supposed, rows, typical)
        return told

    return tell


def currency_in_force() -> str:
    """Give the currency in which the workspace in force counts."""
    return db.session.get_one(Workspace, tenancy.workspace_id()).currency


def written(code: str, sentence: str, currency: str) -> str:
    """Write a signal's sentence with the currency of its money, which no signal knows."""
    return _MONEY[code].sub(lambda digits: in_currency(digits[0], currency), sentence) if code in _MONEY else sentence


def _plain(reason: Reason, currency: str) -> dict[str, Any]:
    act = BY_CODE[reason.code].acts_on if reason.code in BY_CODE else None
    sentence = written(reason.code, reason.sentence, currency)
    return {"code": reason.code, "sentence": sentence, "points": round(reason.points, 4), "act": act}


def _add_hints(
    told: list[list[dict[str, Any]]], found: Reasons, supposed: FloatArray, rows: slice, typical: Mapping[str, float]
) -> None:
    for at, rank in zip(*(place.tolist() for place in np.nonzero(~np.isnan(supposed[rows]))), strict=True):
        reason, row = told[at][rank], rows.start + at
        before, risk = float(found.before[row, found.code[row, rank]]), float(found.risk[row])
        said = hint(reason["code"], typical[reason["code"]], before, risk, float(supposed[row, rank]))
        if said:
            reason["hint"] = said
