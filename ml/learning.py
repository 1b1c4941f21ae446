"""Learn a churn model from a book of accounts, judge it on months it had not seen, and say whether to trust it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from importlib.metadata import version
from typing import Any

import numpy as np

from ml.checks.backtest import (
    HORIZON,
    Block,
    Learner,
    Scorer,
    calibrations,
    cuts_to_test,
    outcomes_at,
    rival_risks,
    walk_forward,
)
from ml.checks.baselines import base_rate, known_labels, spreadsheet
from ml.checks.readiness import FEWEST_MONTHS, Verdict, refused, verdict_on
from ml.checks.rivals import challenge, on_unseen_accounts, other_horizons
from ml.drift import reference_of
from ml.evaluate import Outcomes, compare, evaluate, log_loss
from ml.facts import Facts
from ml.features import snapshot_as_of
from ml.hazard import BOOSTING, LOGISTIC, Calibration, HazardModel, TooLittleToLearn, fit_free, fit_hazard
from ml.hazard.fitting import ENOUGH_FOR_TREES, FEWEST_CHURNS
from ml.labels import Panel, churns_in, landmarks_before, panel_of, periods_of
from ml.signals import SIGNALS

HORIZONS = (30, 90, 180, 365)
MOST_ACCOUNTS = 5_000  # of a larger book a random sample is learnt from: unbiased, and as good
FEWEST_BEHIND_A_CUT = 10
PLENTY_FOR_TREES = 1_000
FREE = "free boosting"
LIBRARIES = ("numpy", "pandas", "scikit-learn", "scipy")


@dataclass(frozen=True)
class Learned:
    """`model` is None when refused; `report` is JSON-able."""

    verdict: Verdict
    model: HazardModel | None
    report: dict[str, Any]


@dataclass(frozen=True)
class Lesson:
    """What is learnt from: rows measured at `landmarks`, labelled with what was known at the end of `as_of`."""

    panel: Panel
    landmarks: Sequence[date]
    as_of: date
    seed: int
    capacity: int = 50

    @cached_property
    def cuts(self) -> list[tuple[date, date]]:
        """The blocks to be judged on. A young book's first may have nothing behind them: they are learnt from only."""
        cuts = cuts_to_test(self.landmarks, self.as_of)
        return [cut for cut in cuts if self._has_enough_behind(cut[0])] or cuts

    def _has_enough_behind(self, cut: date) -> bool:
        """Tell whether a model can be learnt by the cut, and its rivals, who need rows with the whole horizon over."""
        over, _ = known_labels(self.panel, np.datetime64(cut, "D"), HORIZON)
        return bool(over.any()) and churns_in(self.panel, periods_of(self.panel, cut)) >= FEWEST_BEHIND_A_CUT


def learn(facts: Facts, as_of: date, seed: int, capacity: int = 50) -> Learned:
    """Train, back-test, calibrate and compare, with what was known at the end of `as_of`. Same seed, same result.

    `capacity` is how many accounts a team can look after at once, for the ARR captured.
    """
    months = (as_of - facts.first_day).days * 12 / 365
    if months < FEWEST_MONTHS:
        return _refusal(f"there are {months:.1f} months of history; {FEWEST_MONTHS} are needed.", {"months": months})
    sample = sampled(facts, seed)
    landmarks = landmarks_before(facts.first_day, as_of)
    learned = learn_from(Lesson(panel_of(sample, as_of, landmarks), landmarks, as_of, seed, capacity))
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
    try:
        tried = {name: _tried(lesson, name) for name in _candidates(report["churns"])}
    except TooLittleToLearn as little:
        return _refusal(f"too little lies before the months kept for judging ({little}).", report)
    losses = {name: _unseen_loss(blocks) for name, blocks in tried.items()}
    best = min(losses, key=lambda name: losses[name])
    return _judged(lesson, tried[best], {**report, "learner": best, "tried": losses})


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
    seed, learner = lesson.seed, report["learner"]
    report["unseen_months"] |= other_horizons(blocks, nested, HORIZONS, seed)
    report["unseen_accounts"] = on_unseen_accounts(lesson.panel, lesson.cuts, learner_of(learner, seed), seed)
    report["challenger"] = challenge(lesson.panel, lesson.cuts, learner_of(FREE, seed), outcomes, seed)
    return Learned(verdict, fit_hazard(lesson.panel, seed, learner=learner).calibrated(calibration), report)


def _measured(lesson: Lesson, blocks: Sequence[Block], outcomes: Outcomes) -> dict[str, Any]:
    seed, capacity = lesson.seed, lesson.capacity
    baselines = {}
    for name, rival in (("base_rate", base_rate), ("spreadsheet", spreadsheet)):
        risk = rival_risks(lesson.panel, blocks, rival)
        compared = compare(outcomes.risk, risk, outcomes, seed)
        baselines[name] = {**evaluate(outcomes.with_risk(risk), seed, capacity), "compared": compared}
    return {"unseen_months": {str(HORIZON): evaluate(outcomes, seed, capacity)}, "baselines": baselines}


def _candidates(churns: int) -> tuple[str, ...]:
    """Below 100 churns straight lines win; from 1,000 on trees; between, unseen months choose."""
    if churns >= PLENTY_FOR_TREES:
        return (BOOSTING,)
    return (BOOSTING, LOGISTIC) if churns >= ENOUGH_FOR_TREES else (LOGISTIC,)


def _unseen_loss(blocks: Sequence[Block]) -> float:
    outcomes = outcomes_at(blocks, [Calibration()] * len(blocks))
    return float(log_loss(outcomes, np.ones((1, len(outcomes))))[0])


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
        "signals": [signal.code for signal in SIGNALS],
        "libraries": {name: version(name) for name in LIBRARIES},
    }


def _refusal(sentence: str, report: dict[str, Any]) -> Learned:
    verdict = refused(sentence)
    return Learned(verdict, None, {**report, "verdict": {"ready": False, "sentences": list(verdict.sentences)}})
