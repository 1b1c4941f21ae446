"""The hazard model on simulated companies: does it beat both baselines on unseen months, is it calibrated, is noise refused?"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
from flask import Flask

from app.demo.company import Company, simulate
from benchmarks.results import Result
from ml.facts import Facts
from ml.learning import Learned, learn
from tests.demo_facts import facts_of

ACCOUNTS, MONTHS, SEEDS, SHUFFLED = 1000, 24, (7, 8, 9, 10, 11), 5


def measure(_app: Flask) -> Iterator[Result]:
    """Learn from five companies, and from five whose churns are dealt out anew."""
    ends_on = datetime.now(UTC).date() - timedelta(days=1)
    slopes = []
    for seed in SEEDS:
        learned = learn(facts_of(simulate(ACCOUNTS, MONTHS, seed, ends_on)), ends_on, seed=1)
        slopes.append(_measures(learned)["calibration_slope"]["value"])
        yield _told(seed, learned)
    pooled = float(np.mean(slopes))
    yield Result(
        "Mean calibration slope",
        f"{pooled:.2f}",
        f"{len(SEEDS)} companies of {ACCOUNTS:,}",
        "0.8–1.2",
        0.8 <= pooled <= 1.2,
    )
    refused = sum(
        not learn(_dealt_anew(simulate(ACCOUNTS // 2, MONTHS, seed, ends_on), seed), ends_on, seed=1).verdict.ready
        for seed in range(SHUFFLED)
    )
    yield Result(
        "Shuffled churns refused",
        f"{refused} of {SHUFFLED}",
        "lives dealt out to other accounts",
        "all",
        refused == SHUFFLED,
    )


def _told(seed: int, learned: Learned) -> Result:
    found = _measures(learned)
    how = (
        f"AUC {found['roc_auc']['value']:.2f} ({found['roc_auc']['low']:.2f}–{found['roc_auc']['high']:.2f}), top-decile lift"
        f" {found['top_decile_lift']['value']:.1f}, Brier skill {found['brier_skill']['value']:.3f}, {learned.report['learner']}"
    )
    slope = found["calibration_slope"]["value"]
    words = "beats both baselines" if learned.verdict.ready else "refused"
    return Result(
        f"Company {seed}",
        f"{words}, slope {slope:.2f}",
        how,
        "beats both, slope 0.8–1.2",
        learned.verdict.ready and 0.8 <= slope <= 1.2,
    )


def _measures(learned: Learned) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = learned.report["unseen_months"]["90"]["measures"]
    return found


def _dealt_anew(company: Company, seed: int) -> Facts:
    """Give each account the contracts of another, so that what it does says nothing of when it leaves."""
    facts = facts_of(company)
    places = pd.Series(np.random.default_rng(seed).permutation(len(facts)))
    rows = facts.subscriptions.assign(account=facts.subscriptions["account"].map(places))
    from dataclasses import replace

    return replace(facts, subscriptions=rows)
