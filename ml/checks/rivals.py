"""Further tests of a model that passed: other horizons, accounts it never saw, and a challenger free to interact."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np

from ml.checks.backtest import HORIZON, Block, Learner, outcomes_at, walk_forward
from ml.evaluate import Outcomes, compare, evaluate
from ml.facts import FloatArray
from ml.hazard.curve import risk_within
from ml.hazard.model import Calibration
from ml.labels import Panel
from ml.splits import account_folds, at_landmarks

FOLDS = 3


def other_horizons(
    blocks: Sequence[Block], nested: Sequence[Calibration], horizons: Sequence[int], seed: int
) -> dict[str, Any]:
    """Return the measures per horizon, None where no test landmark lies that far back or none churned."""
    found = {horizon: outcomes_at(blocks, nested, horizon) for horizon in horizons if horizon != HORIZON}
    return {str(horizon): evaluate(rows, seed) if rows.churned.any() else None for horizon, rows in found.items()}


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
