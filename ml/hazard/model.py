"""The model as data: per signal a table of shares of the log-odds, scored with numpy alone."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import pandas as pd

from ml.facts import BoolArray, FloatArray, IntArray
from ml.features import MONTHS
from ml.hazard.curve import Lifetime, alive_after, hazard_of, lifetime, risk_within

CHUNK = 8192  # rows scored at a time, so that the tables' answers stay in the processor's cache


@dataclass(frozen=True)
class Calibration:
    """Recalibration of the hazard's log-odds: intercept + slope × log-odds. The default changes nothing."""

    intercept: float = 0.0
    slope: float = 1.0


@dataclass(frozen=True)
class Shape:
    """One signal's share of the log-odds: a step function of its value for each (renewal, month ahead).

    `table` is [len(thresholds) + 2, 2, MONTHS]: step b holds for thresholds[b-1] < value <= thresholds[b], the last
    row for an unknown value.
    """

    code: str
    thresholds: FloatArray
    table: FloatArray

    def steps(self, values: FloatArray) -> IntArray:
        """Return the row of `table` that each value falls on."""
        step = np.searchsorted(self.thresholds, values, side="left")
        return np.where(np.isnan(values), len(self.thresholds) + 1, step)


@dataclass(frozen=True)
class HazardModel:
    """Additive log-odds of churning in future month k, given alive before it.

    log-odds = base[renewal, k] + Σ shapes, then calibrated. `months_seen` is the furthest month ahead that training
    observed; months beyond it repeat its level. `about` says how the model came to be (JSON-able).
    """

    learner: str
    base: FloatArray  # [2, MONTHS]
    shapes: tuple[Shape, ...]
    calibration: Calibration = Calibration()
    months_seen: int = MONTHS
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def codes(self) -> list[str]:
        return [shape.code for shape in self.shapes]

    def matrix(self, features: pd.DataFrame) -> FloatArray:
        """Return the model's columns in its order. Raises ValueError naming a column that is missing."""
        missing = [code for code in self.codes if code not in features.columns]
        if missing:
            raise ValueError(f"features: the column {missing[0]} is missing")
        return features[self.codes].to_numpy(float)

    def raw_log_odds(self, values: FloatArray, flags: BoolArray) -> FloatArray:
        """Return uncalibrated log-odds, [n, MONTHS], from values [n, signals] and renewal flags [n, MONTHS]."""
        raw = np.empty(flags.shape)
        for start in range(0, len(values), CHUNK):
            part = slice(start, start + CHUNK)
            raw[part] = self._raw_part(values[part], flags[part])
        return raw

    def _raw_part(self, values: FloatArray, flags: BoolArray) -> FloatArray:
        both = np.broadcast_to(self.base, (len(values), 2, MONTHS)).copy()
        for column, shape in enumerate(self.shapes):
            both += shape.table[shape.steps(values[:, column])]
        return np.where(flags, both[:, 1], both[:, 0])

    def log_odds(self, features: pd.DataFrame, flags: BoolArray) -> FloatArray:
        """Return calibrated log-odds of the hazards: [n, MONTHS]."""
        raw = self.raw_log_odds(self.matrix(features), flags)
        return self.calibration.intercept + self.calibration.slope * raw

    def hazards(self, features: pd.DataFrame, flags: BoolArray) -> FloatArray:
        """Return the chance to churn in each future month, given alive before it: [n, MONTHS]."""
        return hazard_of(self.log_odds(features, flags))

    def survival(self, features: pd.DataFrame, flags: BoolArray) -> FloatArray:
        """Return the chance to be alive after each future month: [n, MONTHS]."""
        return alive_after(self.log_odds(features, flags))

    def risk_at(self, features: pd.DataFrame, flags: BoolArray, days: Sequence[int] = (30, 90, 180, 365)) -> FloatArray:
        """Return the chance to churn within each number of days: [n, len(days)], never falling from left to right."""
        log_odds = self.log_odds(features, flags)
        return np.column_stack([risk_within(log_odds, horizon) for horizon in days])

    def renewal_probability(self, features: pd.DataFrame, flags: BoolArray, month: IntArray) -> FloatArray:
        """Return the chance to be alive after the month (1..12, one per account) in which the renewal falls: [n]."""
        if ((month < 1) | (month > MONTHS)).any():
            raise ValueError(f"month: expected 1..{MONTHS}")
        return self.survival(features, flags)[np.arange(len(month)), month - 1]

    def expected_lifetime_months(self, features: pd.DataFrame, flags: BoolArray) -> Lifetime:
        """Return the months an account is expected to stay."""
        return lifetime(self.survival(features, flags))

    def calibrated(self, calibration: Calibration) -> Self:
        return replace(self, calibration=calibration)
