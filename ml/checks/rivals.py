"""Further tests of a model: baselines, other horizons, accounts it never saw, and a challenger free to interact."""

from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any

import numpy as np

from ml.checks.backtest import Block, Learner, Rival, outcomes_at, rival_risks, walk_forward
from ml.checks.baselines import base_rate, spreadsheet
from ml.evaluate import Outcomes, compare, evaluate
from ml.facts import FloatArray
from ml.hazard.curve import risk_within
from ml.hazard.model import Calibration
from ml.labels import HORIZON, Panel
from ml.splits import account_folds, at_landmarks

FOLDS = 3


BASELINES: Mapping[str, Rival] = MappingProxyType({"base_rate": base_rate, "spreadsheet": spreadsheet})


def other_horizons(
    panel: Panel, blocks: Sequence[Block], nested: Sequence[Calibration], horizons: Sequence[int], seed: int
) -> dict[str, Any]:
    """Return the measures per horizon, None where no test landmark lies that far back or none churned."""
    found = {horizon: outcomes_at(blocks, nested, horizon) for horizon in horizons if horizon != HORIZON}
    return {
        str(horizon): evaluate(rows, seed) | {"baselines": _compared(panel, blocks, rows, horizon, seed)}
        if rows.churned.any()
        else None
        for horizon, rows in found.items()
    }


def beside_baselines(
    panel: Panel, blocks: Sequence[Block], outcomes: Outcomes, seed: int, capacity: int
) -> dict[str, Any]:
    """Return what each baseline scores on the same rows, and the paired comparison with it."""
    compared, risks = _compared(panel, blocks, outcomes, HORIZON, seed), risks_of(panel, blocks)
    return {
        name: {**evaluate(outcomes.with_risk(risks[name]), seed, capacity), "compared": compared[name]}
        for name in BASELINES
    }


def risks_of(panel: Panel, blocks: Sequence[Block], horizon: int = HORIZON) -> dict[str, FloatArray]:
    """Return what each baseline gives to the rows of `outcomes_at`."""
    return {name: rival_risks(panel, blocks, rival, horizon) for name, rival in BASELINES.items()}


def _compared(panel: Panel, blocks: Sequence[Block], outcomes: Outcomes, horizon: int, seed: int) -> dict[str, Any]:
    risks = risks_of(panel, blocks, horizon)
    return {name: compare(outcomes.risk, risk, outcomes, seed) for name, risk in risks.items()}


def challenge(
    panel: Panel, cuts: Sequence[tuple[date, date]], learn: Learner, champion: Outcomes, seed: int
) -> dict[str, Any]:
    """Walk another learner forward over the same rows; return its measures and the paired comparison."""
    blocks = walk_forward(panel, cuts, learn)
    theirs = outcomes_at(blocks, [Calibration()] * len(blocks))
    return {**evaluate(theirs, seed), "compared": compare(theirs.risk, champion.risk, champion, seed)}


def on_unseen_accounts(panel: Panel, cuts: Sequence[tuple[date, date]], learn: Learner, seed: int) -> dict[str, Any]:
    """Return measures on later months of accounts that no fit had seen: grouped folds, one cut, not calibrated."""
    first, last = cuts[0][0], cuts[-1][1]
    tested = at_landmarks(panel, first, last)
    fold = account_folds(panel.account, FOLDS, seed)
    risk: FloatArray = np.full(len(panel), np.nan)
    for held in range(FOLDS):
        rows = tested & (fold == held)
        log_odds = learn(panel.rows(fold != held), first)(panel.rows(rows))
        risk[rows] = risk_within(log_odds, HORIZON)
    label = panel.churned_within(HORIZON)
    seen = tested & ~np.isnan(label)
    outcomes = Outcomes(risk, label, panel.account, panel.landmark, panel.arr).rows(seen)
    return evaluate(outcomes, seed)
