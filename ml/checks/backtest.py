"""Walk forward: at each cut, learn from what was over by then, and score the landmarks that follow."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from ml.evaluate import Outcomes, log_loss
from ml.facts import FloatArray
from ml.hazard.calibration import fit_calibration, helps
from ml.hazard.curve import risk_within
from ml.hazard.model import Calibration
from ml.labels import HORIZON, Panel, Periods, churns_in, periods_of
from ml.splits import at_landmarks

TEST_LANDMARKS, LANDMARKS_A_BLOCK = 6, 2

Scorer = Callable[[Panel], FloatArray]
"""Log-odds of the hazards, [rows, MONTHS], of a model fitted before the rows' landmarks."""
Learner = Callable[[Panel, date], Scorer]
"""Fit on the months of a panel that were over on a day. Raises TooLittleToLearn."""
Rival = Callable[[Panel, date, int, Panel], FloatArray]


@dataclass(frozen=True)
class Block:
    """Consecutive test landmarks scored by one model, fitted at `cut`, the first of them."""

    cut: date
    test: Panel
    log_odds: FloatArray

    def observed(self, horizon: int) -> tuple[Panel, FloatArray, FloatArray]:
        """Return the rows observed for the whole horizon, whether they churned in it, and their log-odds."""
        label = self.test.churned_within(horizon)
        seen = ~np.isnan(label)
        return self.test.rows(seen), label[seen], self.log_odds[seen]


def cuts_to_test(landmarks: Sequence[date], as_of: date) -> list[tuple[date, date]]:
    """Return (first, last) landmark of up to three blocks: the newest months whose 90 days are over by `as_of`."""
    ready = [day for day in landmarks if (as_of - day).days >= HORIZON][-TEST_LANDMARKS:]
    ready = ready[len(ready) % LANDMARKS_A_BLOCK :]
    return [(ready[at], ready[at + LANDMARKS_A_BLOCK - 1]) for at in range(0, len(ready), LANDMARKS_A_BLOCK)]


def walk_forward(panel: Panel, cuts: Sequence[tuple[date, date]], learn: Learner) -> list[Block]:
    """Return a block per cut. Raises TooLittleToLearn when a cut has too few churns behind it."""
    blocks = []
    for first, last in cuts:
        test = panel.rows(at_landmarks(panel, first, last))
        blocks.append(Block(first, test, learn(panel, first)(test)))
    return blocks


def calibrations(blocks: Sequence[Block], as_of: date) -> tuple[list[Calibration], Calibration, bool]:
    """Return each block's calibration from earlier blocks' months over by its cut, the one for use, and if it helps.

    It is kept only if, fitted on the blocks before, it lowers the newest block's log loss.
    """
    nested = [calibration_from(blocks[:place], block.cut) for place, block in enumerate(blocks)]
    kept = len(blocks) > 1 and _helps_newest(nested[-1], blocks, as_of)
    if not kept:
        return [Calibration()] * len(blocks), Calibration(), False
    return nested, calibration_from(blocks, as_of), True


def _helps_newest(calibration: Calibration, blocks: Sequence[Block], as_of: date) -> bool:
    log_odds, churned, _ = _months_of(blocks[-1:], as_of)
    return helps(calibration, log_odds, churned > 0)


def calibration_from(blocks: Sequence[Block], until: date) -> Calibration:
    """Fit a recalibration on the scored months that were over by `until`; repeats of an account share its weight."""
    if not blocks:
        return Calibration()
    log_odds, churned, churns = _months_of(blocks, until)
    share = churns / max(1.0, churned.sum())
    return fit_calibration(log_odds, churned > 0, np.full(len(log_odds), share))


def outcomes_at(blocks: Sequence[Block], nested: Sequence[Calibration], horizon: int = HORIZON) -> Outcomes:
    """Return the risks given to all test rows that were observed for the whole horizon, and what happened."""
    parts = []
    for block, at in zip(blocks, nested, strict=True):
        test, label, log_odds = block.observed(horizon)
        risk = risk_within(at.intercept + at.slope * log_odds, horizon)
        parts.append((risk, label, test.account, test.landmark, test.arr))
    return Outcomes(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def unseen_loss(blocks: Sequence[Block]) -> float:
    """Return the log loss of the risks within HORIZON, as they come, of all test rows."""
    outcomes = outcomes_at(blocks, [Calibration()] * len(blocks))
    return float(log_loss(outcomes, np.ones((1, len(outcomes))))[0])


def rows_at(blocks: Sequence[Block], horizon: int = HORIZON) -> list[Panel]:
    """Return the rows of `outcomes_at`, a panel a block."""
    return [block.observed(horizon)[0] for block in blocks]


def rival_risks(panel: Panel, blocks: Sequence[Block], rival: Rival, horizon: int = HORIZON) -> FloatArray:
    """Return what a baseline, fitted at each block's cut, gives to the rows of `outcomes_at`."""
    return np.concatenate([
        rival(panel, block.cut, horizon, rows)
        for block, rows in zip(blocks, rows_at(blocks, horizon), strict=True)
    ])  # fmt: skip


def _months_of(blocks: Sequence[Block], until: date) -> tuple[FloatArray, FloatArray, int]:
    """Return log-odds and churn of every scored month over by `until`, and how many accounts churned in them."""
    log_odds, churned, churns = [], [], 0
    for block in blocks:
        periods: Periods = periods_of(block.test, until)
        log_odds.append(block.log_odds[periods.row, periods.month - 1])
        churned.append(periods.churned.astype(float))
        churns += churns_in(block.test, periods)
    return np.concatenate(log_odds), np.concatenate(churned), churns
