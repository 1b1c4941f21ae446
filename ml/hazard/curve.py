"""From monthly hazards to survival at any day of the coming year."""

from dataclasses import dataclass

import numpy as np

from ml.facts import FloatArray
from ml.features import EDGES, MONTHS


@dataclass(frozen=True)
class Lifetime:
    """Expected months to come: `within_year` is known from the curve; `in_all` goes on with the year's mean hazard."""

    within_year: FloatArray
    in_all: FloatArray


def exposure(days: float) -> FloatArray:
    """Return how much of each future month lies within `days`, 0..1: [MONTHS]. Raises ValueError beyond a year."""
    if not 0 <= days <= EDGES[-1]:
        raise ValueError(f"a horizon must lie within 0..{EDGES[-1]} days, got {days}")
    part: FloatArray = np.clip((days - EDGES[:-1]) / np.diff(EDGES), 0.0, 1.0)
    return part


def hazard_of(log_odds: FloatArray) -> FloatArray:
    """Return the logistic function, without overflow."""
    hazard: FloatArray = 0.5 * (1 + np.tanh(0.5 * log_odds))
    return hazard


def log_survival(log_odds: FloatArray) -> FloatArray:
    """Return log(1 - hazard) from the hazard's log-odds, without overflow."""
    survival: FloatArray = -np.logaddexp(0.0, log_odds)
    return survival


def alive_after(log_odds: FloatArray) -> FloatArray:
    """Return the chance to be alive after each future month: [n, MONTHS]."""
    alive: FloatArray = np.exp(np.cumsum(log_survival(log_odds), axis=1))
    return alive


def lifetime(alive: FloatArray) -> Lifetime:
    """Return the months an account is expected to stay, from its chance to be alive after each: [n, MONTHS].

    `within_year` is the area under the survival curve (0..12), all that the model can know. `in_all` adds the
    extrapolation S(12) / h with h the constant monthly hazard that gives the same S(12): a figure to
    compare accounts with, not one that data have shown.
    """
    before = np.column_stack([np.ones(len(alive)), alive[:, :-1]])
    within = (alive + before).sum(axis=1) / 2
    hazard = -np.expm1(np.log(np.maximum(alive[:, -1], 1e-12)) / MONTHS)
    return Lifetime(within, within + alive[:, -1] / np.maximum(hazard, 1e-9))


def risk_within(log_odds: FloatArray, days: float) -> FloatArray:
    """Return the chance to churn within `days`: [n] from [n, MONTHS]. Within a month the hazard is constant."""
    part = np.trim_zeros(exposure(days), "b")
    risk: FloatArray = -np.expm1(log_survival(log_odds[..., : len(part)]) @ part)
    return risk
