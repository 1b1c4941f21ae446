"""What an account's risk would be if one figure that can be acted on were that of a typical steady account.

It is what the model says of such an account, exactly; that acting would bring it about the model does not know.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ml.facts import BoolArray, FloatArray
from ml.hazard.curve import risk_within
from ml.hazard.model import HazardModel
from ml.reasons.explain import RENEWAL, Reasons
from ml.signals import BY_CODE

MOST, TELLING = 3, 0.5  # hints an account, and points of risk below which a reason is not worth one
FEWEST_STEADY = 5


def typical_of(features: pd.DataFrame, steady: BoolArray) -> dict[str, float]:
    """Return the median of each signal that can be acted on, over accounts that stand steady; few say nothing."""
    chosen = features[steady]
    actionable = [code for code in features.columns if code in BY_CODE and BY_CODE[code].supposing is not None]
    known = {code: chosen[code].dropna() for code in actionable if BY_CODE[code].acts_on}
    return {code: float(values.median()) for code, values in known.items() if len(values) >= FEWEST_STEADY}


def risks_if_typical(
    model: HazardModel, found: Reasons, typical: Mapping[str, float], *, horizon_days: int = 90
) -> FloatArray:
    """Return for each reason the risk with its signal at the typical value: [n, top].

    NaN but for the reasons that raise risk most, can be acted on, and would raise it less by half a point at least.
    """
    column = np.array([typical.get(code, np.nan) for code in found.codes])
    targets = column[found.code]
    raising = (found.points > TELLING) & ~np.isnan(targets)
    raising &= np.cumsum(raising, axis=1) <= MOST
    row, rank = np.nonzero(raising)
    risk = np.full(found.points.shape, np.nan)
    if not len(row):
        return risk
    values = found.values[row].copy()
    values[np.arange(len(row)), found.code[row, rank]] = targets[row, rank]
    raw = model.raw_log_odds(values, found.flags[row])
    supposed = risk_within(model.calibration.intercept + model.calibration.slope * raw, horizon_days)
    helps = 100 * (found.risk[row] - supposed) >= TELLING
    risk[row[helps], rank[helps]] = supposed[helps]
    return risk


def hint(code: str, typical: float, before: float, risk: float, supposed: float) -> str | None:
    """Say what the model would say; None where both risks are the same in whole per cent."""
    now, then = (f"{100 * value:.0f} %" for value in (risk, supposed))
    signal = BY_CODE.get(code)
    if code == RENEWAL or signal is None or signal.supposing is None or now == then:
        return None
    return f"If {signal.supposing(typical, before)}, the risk would be about {then} instead of {now}."
