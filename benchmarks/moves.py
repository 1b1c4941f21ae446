"""Contraction and expansion on simulated companies: ranked and calibrated on months not seen, or refused?"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
from flask import Flask

from app.demo.company import simulate
from benchmarks.results import Result
from ml.moves import MOVES, MoveLearned, learn_moves
from tests.demo_facts import facts_of

ACCOUNTS, MONTHS, SEEDS = 1000, 24, (101, 102, 103, 104, 105)


def measure(_app: Flask) -> Iterator[Result]:
    """Learn both moves from five companies, and judge them on the months that they have not seen."""
    ends_on = datetime.now(UTC).date() - timedelta(days=1)
    slopes: dict[str, list[float]] = {kind: [] for kind in MOVES}
    for seed in SEEDS:
        for learned in learn_moves(facts_of(simulate(ACCOUNTS, MONTHS, seed, ends_on)), ends_on, seed=1):
            yield _told(seed, learned, slopes[learned.kind])
    for kind, found in slopes.items():
        mean = float(np.mean(found))
        how = f"{len(found)} companies of {ACCOUNTS:,}"
        yield Result(f"Mean calibration slope, {kind}", f"{mean:.2f}", how, "0.8–1.2", 0.8 <= mean <= 1.2)


def _told(seed: int, learned: MoveLearned, slopes: list[float]) -> Result:
    name = f"Company {seed}, {learned.kind}"
    if "unseen_months" not in learned.report:
        return Result(name, "refused", learned.verdict.sentences[0], "better than the base rate", is_met=False)
    found = learned.report["unseen_months"]["measures"]
    auc, slope = found["roc_auc"], found["calibration_slope"]["value"]
    slopes.append(slope)
    how = (
        f"AUC {auc['value']:.2f} ({auc['low']:.2f}–{auc['high']:.2f}), Brier skill {found['brier_skill']['value']:.3f},"
        f" {learned.report['unseen_months']['churned_accounts']} accounts with one in the unseen months"
    )
    words = "better than the base rate" if learned.verdict.ready else "refused"
    return Result(name, f"{words}, slope {slope:.2f}", how, "better than the base rate", learned.verdict.ready)
