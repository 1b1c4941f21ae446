"""Whether accounts of today still look like those a model learnt from: the population stability index by signal."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import chi2

from ml.facts import FloatArray

BINS, NOTICEABLE = 10, 0.1
HALF = 0.5  # added to every bin's count, so that an empty bin of a small book does not shout
CHANCE = 0.001  # how often a signal that did not move may be called moved


@dataclass(frozen=True)
class Drift:
    """`psi` above `limit` is more than chance and more than 0.1; the unknown share counts as a bin of its own."""

    code: str
    psi: float
    limit: float

    @property
    def has_moved(self) -> bool:
        return self.psi > self.limit


def reference_of(features: pd.DataFrame) -> dict[str, Any]:
    """Return the bins and shares of each signal, JSON-able, to be kept with the model."""
    return {"rows": len(features), "signals": {code: _binned(features[code].to_numpy(float)) for code in features}}


def drift_of(reference: dict[str, Any], features: pd.DataFrame) -> list[Drift]:
    """Return the drift of every signal of the reference, largest first."""
    found = [_drift(str(code), kept, reference["rows"], features) for code, kept in reference["signals"].items()]
    return sorted(found, key=lambda drift: -drift.psi)


def _drift(code: str, kept: dict[str, list[float]], rows: int, features: pd.DataFrame) -> Drift:
    values = features[code].to_numpy(float)
    was, now = np.array(kept["shares"]), _shares(values, np.array(kept["borders"]))
    psi = float(((now - was) * np.log(now / was)).sum())
    # Without drift PSI is about (1/n + 1/m) × chi-squared: below some 500 rows the usual 0.1 is noise.
    noise = (1 / max(1, rows) + 1 / max(1, len(values))) * float(chi2.ppf(1 - CHANCE, len(was) - 1))
    return Drift(code, psi, max(NOTICEABLE, noise))


def _binned(values: FloatArray) -> dict[str, list[float]]:
    known = values[~np.isnan(values)]
    borders = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1])) if len(known) else known
    return {"borders": borders.tolist(), "shares": _shares(values, borders).tolist()}


def _shares(values: FloatArray, borders: FloatArray) -> FloatArray:
    known = values[~np.isnan(values)]
    counts = np.bincount(np.searchsorted(borders, known, side="left"), minlength=len(borders) + 1)
    smoothed = np.append(counts, len(values) - len(known)) + HALF
    shares: FloatArray = smoothed / smoothed.sum()
    return shares
