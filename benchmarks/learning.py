"""The hazard model on simulated companies: better than both baselines on unseen months, calibrated, noise refused?"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
from flask import Flask

from app.demo.company import simulate
from benchmarks.results import Result
from ml.learning import Learned, learn, learn_from
from tests.demo_facts import facts_of
from tests.ml.test_learning import lesson_of, with_fates_shuffled

ACCOUNTS, MONTHS, SEEDS, SHUFFLED = 1000, 24, (7, 8, 9, 10, 11), 20


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
    lesson = lesson_of(facts_of(simulate(ACCOUNTS // 2, MONTHS, SEEDS[0], ends_on)), ends_on)
    shuffled = [learn_from(with_fates_shuffled(lesson, seed)) for seed in range(SHUFFLED)]
    refused = sum(not learned.verdict.ready for learned in shuffled)
    how = "each account given the whole fate of another"
    yield Result("Shuffled fates refused", f"{refused} of {SHUFFLED}", how, "19 of 20", refused >= SHUFFLED * 0.95)


def _told(seed: int, learned: Learned) -> Result:
    found = _measures(learned)
    how = (
        f"AUC {found['roc_auc']['value']:.2f} ({found['roc_auc']['low']:.2f}–{found['roc_auc']['high']:.2f}),"
        f" top-decile lift {found['top_decile_lift']['value']:.1f}, Brier skill {found['brier_skill']['value']:.3f},"
        f" {learned.report['learner']}"
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
