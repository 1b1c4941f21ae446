"""The length of the contract."""

import numpy as np

from ml.signals.signal import Measured, Signal
from ml.signals.view import View
from ml.signals.wording import count


def measure(view: View) -> Measured:
    """Return the ARR-weighted mean term in months over contracts that name one; `before` is the contracts."""
    contracts = view.contracts
    known = contracts["term_months"].notna().to_numpy() & (contracts["arr"] > 0).to_numpy()
    account, arr = contracts["account"][known], contracts["arr"][known]
    weight = view.total(account, arr)
    months = view.total(account, arr * contracts["term_months"][known])
    return np.divide(months, weight, out=view.unknown(), where=weight > 0), view.total(contracts["account"])


def sentence(value: float, _before: float) -> str:
    return f"a term of {count(value, 'month')}"


SIGNAL = Signal("term", "Contract term", 0, "months", None, measure, sentence)
