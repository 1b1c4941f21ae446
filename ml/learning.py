"""Learn a churn model from a book of accounts, judge it on months it had not seen, and say whether to trust it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from hashlib import sha256
from importlib.metadata import version
from typing import Any

import numpy as np

from ml.checks.backtest import (
    Block,
    Learner,
    Scorer,
    calibrations,
    cuts_to_test,
    outcomes_at,
    rows_at,
    unseen_loss,
    walk_forward,
)
from ml.checks.hits import hits_of
from ml.checks.limits import limits_of
from ml.checks.readiness import FEWEST_MONTHS, FEWEST_UNSEEN_CHURNS, Verdict, refused, verdict_on
from ml.checks.rivals import beside_baselines, challenge, on_unseen_accounts, other_horizons, risks_of
from ml.checks.segments import TextArray, by_segment
from ml.checks.succession import Incumbent, contest
from ml.drift import reference_of
from ml.evaluate import Outcomes, evaluate
from ml.facts import Facts
from ml.features import snapshot_as_of
from ml.hazard import BLEND, BOOSTING, LOGISTIC, Calibration, HazardModel, TooLittleToLearn, fit_free, fit_hazard
from ml.hazard.fitting import FEWEST_CHURNS
from ml.labels import HORIZON, Panel, churns_in, known_labels, landmarks_before, panel_of, periods_of
from ml.signals import SIGNALS

HORIZONS = (30, 90, 180, 365)
MOST_ACCOUNTS = 5_000  # of a larger book a random sample is learnt from: unbiased, and as good
FEWEST_BEHIND_A_CUT = 10
ENOUGH_FOR_TREES = 100  # accounts that churned
FREE = "free boosting"
LIBRARIES = ("numpy", "pandas", "scikit-learn", "scipy")
NEEDED = {"months": FEWEST_MONTHS, "churns": FEWEST_CHURNS, "unseen_churns": FEWEST_UNSEEN_CHURNS}
STEPS = 8
Say = Callable[[int, str], None]
"""Told how many of STEPS are done, and what is done next."""


@dataclass(frozen=True)
class Learned:
    """`model` is None when refused; `report` is JSON-able."""

    verdict: Verdict
    model: HazardModel | None
    report: dict[str, Any]


@dataclass(frozen=True)
class Lesson:
    """What is learnt from: rows measured at `landmarks`, labelled with what was known at the end of `as_of`.

    `tiers` is [accounts], by which the report is split; the new model contends with the `incumbent`.
    """

    panel: Panel
    landmarks: Sequence[date]
    as_of: date
    seed: int
    capacity: int = 50
    tiers: TextArray | None = None
    incumbent: Incumbent | None = None
    is_sample: bool = False
    say: Say = field(default=lambda *_: None)

    @cached_property
    def cuts(self) -> list[tuple[date, date]]:
        """The blocks to be judged on. A young book's first may have nothing behind them: they are learnt from only."""
        cuts = cuts_to_test(self.landmarks, self.as_of)
        return [cut for cut in cuts if self._has_enough_behind(cut[0])] or cuts

    def _has_enough_behind(self, cut: date) -> bool:
        """Tell whether a model can be learnt by the cut, and its rivals, who need rows with the whole horizon over."""
        over, _ = known_labels(self.panel, HORIZON, cut)
        return bool(over.any()) and churns_in(self.panel, periods_of(self.panel, cut)) >= FEWEST_BEHIND_A_CUT


def learn(
    facts: Facts,
    as_of: date,
    seed: int,
    capacity: int = 50,
    *,
    incumbent: Incumbent | None = None,
    say: Say = lambda *_: None,
) -> Learned:
    """Train, back-test, calibrate and compare, with what was known at the end of `as_of`. Same seed, same result.

    `capacity` is how many accounts a team can look after at once, for the ARR captured. With an `incumbent` the
    report's "contest" says how both did on months that neither had seen (ml/checks/succession.py).
    """
    months = (as_of - facts.first_day).days * 12 / 365
    if months < FEWEST_MONTHS:
        said = f"there are {months:.1f} months of history; {FEWEST_MONTHS} are needed."
        return _refusal(said, {"history_months": round(months, 1), "needed": NEEDED})
    sample = sampled(facts, seed)
    landmarks = landmarks_before(facts.first_day, as_of)
    say(0, "Measuring every account at the end of each month")
    panel = panel_of(sample, as_of, landmarks)
    is_sample = len(sample) < len(facts)
    lesson = Lesson(panel, landmarks, as_of, seed, capacity, sample.segments, incumbent, is_sample, say)
    learned = learn_from(lesson)
    learned.report["history_months"] = round(months, 1)
    if incumbent is not None:
        learned.report["contest"] = _contest(lesson, incumbent, learned)
    if learned.model is None:
        return learned
    reference = reference_of(snapshot_as_of(sample, as_of).values)
    about = {**learned.model.about, "as_of": as_of.isoformat(), "seed": seed, "reference": reference}
    return replace(learned, model=replace(learned.model, about=about))


def sampled(facts: Facts, seed: int) -> Facts:
    """Return the book, or of a large one a random sample of its accounts."""
    if len(facts) <= MOST_ACCOUNTS:
        return facts
    chosen = np.random.default_rng(seed).choice(len(facts), MOST_ACCOUNTS, replace=False)
    return facts.of_accounts(np.sort(chosen))


def learn_from(lesson: Lesson) -> Learned:
    """Learn from rows already measured; see `learn`."""
    report = _described(lesson)
    if report["churns"] < FEWEST_CHURNS:
        return _refusal(f"{report['churns']} accounts churned; {FEWEST_CHURNS} are needed.", report)
    if not lesson.cuts:
        return _refusal("no landmark has its 90 days behind it yet.", report)
    lesson.say(1, "Learning, and judging on months it has not seen")
    try:
        tried = {name: _tried(lesson, name) for name in candidates(report["churns"])}
    except TooLittleToLearn as little:
        return _refusal(f"too little lies before the months kept for judging ({little}).", report)
    losses = {name: unseen_loss(blocks) for name, blocks in tried.items()}
    best = min(losses, key=lambda name: losses[name])
    return _judged(lesson, tried[best], {**report, "learner": best, "tried": losses})


def candidates(events: int) -> tuple[str, ...]:
    """Name the learners to try: steps alone need many events."""
    return (BLEND, LOGISTIC) if events < ENOUGH_FOR_TREES else (BLEND, LOGISTIC, BOOSTING)


def learner_of(name: str, seed: int) -> Learner:
    """Return how the back-test fits: the named learner, whatever the count of churns behind the cut."""

    def fit(panel: Panel, until: date) -> Scorer:
        if name == FREE:
            return fit_free(panel, seed, until, FEWEST_BEHIND_A_CUT)
        model = fit_hazard(panel, seed, until, FEWEST_BEHIND_A_CUT, name)
        return lambda rows: model.raw_log_odds(rows.values, rows.flags)

    return fit


def _tried(lesson: Lesson, name: str) -> list[Block]:
    return walk_forward(lesson.panel, lesson.cuts, learner_of(name, lesson.seed))


def _judged(lesson: Lesson, blocks: list[Block], report: dict[str, Any]) -> Learned:
    nested, calibration, kept = calibrations(blocks, lesson.as_of)
    outcomes = outcomes_at(blocks, nested)
    report |= {"calibration": {"kept": kept, "intercept": calibration.intercept, "slope": calibration.slope}}
    report |= _measured(lesson, blocks, outcomes)
    compared = {name: rival["compared"] for name, rival in report["baselines"].items()}
    verdict = verdict_on(report["unseen_months"][str(HORIZON)], **compared)
    report["verdict"] = {"ready": verdict.ready, "sentences": list(verdict.sentences)}
    if not verdict.ready:
        return Learned(verdict, None, report)
    report |= _looked_closer(lesson, blocks, nested, outcomes, report)
    lesson.say(7, "Fitting on everything known")
    model = fit_hazard(lesson.panel, lesson.seed, learner=report["learner"]).calibrated(calibration)
    report["limits"] = limits_of(model, report, is_sample=lesson.is_sample)
    return Learned(verdict, model, report)


def _measured(lesson: Lesson, blocks: Sequence[Block], outcomes: Outcomes) -> dict[str, Any]:
    seed, capacity = lesson.seed, lesson.capacity
    lesson.say(2, "Comparing with the base rate and the spreadsheet")
    return {
        "unseen_months": {str(HORIZON): evaluate(outcomes, seed, capacity)},
        "baselines": beside_baselines(lesson.panel, blocks, outcomes, seed, capacity),
        "capacity": capacity,
    }


def _looked_closer(
    lesson: Lesson, blocks: Sequence[Block], nested: Sequence[Calibration], outcomes: Outcomes, report: dict[str, Any]
) -> dict[str, Any]:
    """Return what is told of a model that passed, beyond its verdict."""
    panel, cuts, seed, learner = lesson.panel, lesson.cuts, lesson.seed, report["learner"]
    lesson.say(3, "Judging other horizons")
    horizons = other_horizons(panel, blocks, nested, HORIZONS, seed)
    lesson.say(4, "Judging each kind of account")
    tiers = lesson.tiers if lesson.tiers is not None else np.full(panel.account.max() + 1, "", dtype=object)
    segments = by_segment(outcomes, rows_at(blocks), tiers, risks_of(panel, blocks), seed)
    lesson.say(5, "Judging accounts it has never seen")
    unseen = on_unseen_accounts(panel, cuts, learner_of(learner, seed), seed)
    lesson.say(6, "Trying a freer model beside it")
    challenger = challenge(panel, cuts, learner_of(FREE, seed), outcomes, seed)
    return {
        "unseen_months": report["unseen_months"] | horizons,
        "segments": segments,
        "hits": hits_of(outcomes),
        "unseen_accounts": unseen,
        "challenger": challenger,
    }


def _contest(lesson: Lesson, incumbent: Incumbent, learned: Learned) -> dict[str, Any]:
    lesson.say(7, "Comparing with the model in force")
    learner = learner_of(learned.report["learner"], lesson.seed) if learned.model else None
    return contest(lesson.panel, lesson.landmarks, lesson.as_of, incumbent, learner, lesson.seed)


def _described(lesson: Lesson) -> dict[str, Any]:
    panel, periods = lesson.panel, periods_of(lesson.panel)
    return {
        "as_of": lesson.as_of.isoformat(),
        "seed": lesson.seed,
        "landmarks": [day.isoformat() for day in lesson.landmarks],
        "cuts": [[first.isoformat(), last.isoformat()] for first, last in lesson.cuts],
        "accounts": len(np.unique(panel.account)),
        "rows": len(panel),
        "months": len(periods),
        "churns": churns_in(panel, periods),
        "data_hash": _hash_of(panel),
        "needed": NEEDED,
        "signals": [signal.code for signal in SIGNALS],
        "libraries": {name: version(name) for name in LIBRARIES},
    }


def _hash_of(panel: Panel) -> str:
    """Return a fingerprint of everything learnt from: the same data give the same."""
    digest = sha256()
    for part in (panel.account, panel.landmark, panel.values, panel.flags, panel.leaves_in, panel.seen_for):
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()


def _refusal(sentence: str, report: dict[str, Any]) -> Learned:
    verdict = refused(sentence)
    return Learned(verdict, None, {**report, "verdict": {"ready": False, "sentences": list(verdict.sentences)}})
