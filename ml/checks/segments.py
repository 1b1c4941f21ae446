"""How good the risks were for accounts of one kind: by tier, and by the term of the contract."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ml.evaluate import Outcomes, compare, evaluate
from ml.facts import BoolArray, FloatArray
from ml.labels import Panel
from ml.signals import SIGNALS

FEWEST_CHURNS = 8  # below, a segment's accounts are counted and no measure is given
_TERM = [signal.code for signal in SIGNALS].index("term")
TERMS = (("monthly", 0, 2), ("under a year", 2, 12), ("a year or more", 12, np.inf))  # months: from, to below

TextArray = npt.NDArray[np.object_]


def by_segment(
    outcomes: Outcomes, rows: Sequence[Panel], tiers: TextArray, rivals: Mapping[str, FloatArray], seed: int
) -> list[dict[str, Any]]:
    """Return counts per segment, and where enough churned measures and how surely rivals are beaten.

    `tiers` is [accounts]; `rows` are the outcomes', and so are the risks that `rivals` give.
    """
    term = np.concatenate([part.values[:, _TERM] for part in rows])
    return [
        {
            "kind": kind,
            "segment": name,
            **_measured(outcomes.rows(chosen), {rival: risk[chosen] for rival, risk in rivals.items()}, seed),
        }
        for kind, members in (("tier", _tiers(outcomes, tiers)), ("contract", _contracts(term)))
        for name, chosen in members.items()
        if chosen.any() and len(members) > 1
    ]


def _tiers(outcomes: Outcomes, tiers: TextArray) -> Mapping[str, BoolArray]:
    of_row = tiers[outcomes.account]
    return {str(tier) or "no tier": of_row == tier for tier in sorted(set(of_row))}


def _contracts(term: FloatArray) -> Mapping[str, BoolArray]:
    found = {name: (term >= low) & (term < high) for name, low, high in TERMS} | {"term unknown": np.isnan(term)}
    return {name: chosen for name, chosen in found.items() if chosen.any()}


def _measured(outcomes: Outcomes, rivals: Mapping[str, FloatArray], seed: int) -> dict[str, Any]:
    counts = {
        "rows": len(outcomes),
        "accounts": len(np.unique(outcomes.account)),
        "churned_accounts": outcomes.churned_accounts,
        "expected_rows": round(float(outcomes.risk.sum()), 1),
        "churned_rows": int(outcomes.churned.sum()),
    }
    if outcomes.churned_accounts < FEWEST_CHURNS or outcomes.churned.all():
        return {**counts, "measures": None}
    beaten = {name: compare(outcomes.risk, risk, outcomes, seed) for name, risk in rivals.items()}
    return {**counts, "measures": evaluate(outcomes, seed)["measures"], "baselines": beaten}
