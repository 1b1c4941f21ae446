"""The hazard model on simulated companies: better than both baselines on unseen months, calibrated, noise refused?"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
from flask import Flask

from app.demo.company import simulate
from benchmarks.results import Result
from ml.checks.shuffling import fates_shuffled
from ml.labels import landmarks_before, panel_of
from ml.learning import Learned, Lesson, learn, learn_from
from tests.demo_facts import facts_of

ACCOUNTS, MONTHS, SEEDS, SHUFFLED = 1000, 24, (101, 102, 103, 104, 105), 20


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
    lesson = _lesson(ends_on)
    shuffled = [learn_from(replace(lesson, panel=fates_shuffled(lesson.panel, seed))) for seed in range(SHUFFLED)]
    refused = sum(not learned.verdict.ready for learned in shuffled)
    how = "each account given the whole fate of another"
    yield Result("Shuffled fates refused", f"{refused} of {SHUFFLED}", how, "19 of 20", refused >= SHUFFLED * 0.95)


def _lesson(ends_on: date) -> Lesson:
    facts = facts_of(simulate(ACCOUNTS // 2, MONTHS, SEEDS[0], ends_on))
    landmarks = landmarks_before(facts.first_day, ends_on)
    return Lesson(panel_of(facts, ends_on, landmarks), landmarks, ends_on, 1)


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
