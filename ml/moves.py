"""Contraction and expansion: an account's first fall, or rise, of ARR, told apart from its leaving.

Learnt as a hazard of its own, in which an account that leaves is out of sight from then on: what comes out is the
chance among accounts that stay. Any change of ARR counts, as it does in the ledger of movements.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np

from ml.checks.backtest import (
    Block,
    Learner,
    Scorer,
    calibrations,
    outcomes_at,
    rival_risks,
    unseen_loss,
    walk_forward,
)
from ml.checks.baselines import base_rate
from ml.checks.readiness import STEEPEST_DOUBT, SURE, Verdict
from ml.evaluate import compare, evaluate
from ml.facts import DayArray, Facts, FloatArray
from ml.hazard import HazardModel, TooLittleToLearn, fit_hazard
from ml.labels import HORIZON, Panel, churns_in, landmarks_before, panel_of, periods_of
from ml.learning import FEWEST_BEHIND_A_CUT, Lesson, candidates, sampled
from ml.lives import days, ends_as_known
from ml.signals.view import days_between

CONTRACTION, EXPANSION = "contraction", "expansion"
MOVES = (CONTRACTION, EXPANSION)
PLURAL = {CONTRACTION: "contractions", EXPANSION: "expansions"}
FEWEST_MOVED, FEWEST_UNSEEN = 30, 8
TOLERANCE = 0.005  # of a currency unit: what rounding may leave between two sums of the same prices


@dataclass(frozen=True)
class MoveLearned:
    """`model` is None when refused: then only the base rate may be told. `report` is JSON-able."""

    kind: str
    verdict: Verdict
    model: HazardModel | None
    report: dict[str, Any]


def learn_moves(facts: Facts, as_of: date, seed: int) -> list[MoveLearned]:
    """Learn both moves from what was known at the end of `as_of`, and judge them on months not seen."""
    sample = sampled(facts, seed)
    landmarks = landmarks_before(facts.first_day, as_of)
    panel = panel_of(sample, as_of, landmarks)
    return [learn_move(kind, Lesson(moves_of(sample, panel, as_of, kind), landmarks, as_of, seed)) for kind in MOVES]


def moves_of(facts: Facts, panel: Panel, as_of: date, kind: str) -> Panel:
    """Return the panel with the days to the first move in place of those to the churn.

    A row is seen until its account leaves, for a move is told of accounts that stay.
    """
    account, moved_on = _moves(facts, np.datetime64(as_of, "D"), kind)
    order = np.lexsort((moved_on, account))
    account, moved_on = account[order], moved_on[order]
    span = np.int64(1 << 22)  # more days than any date
    place = np.searchsorted(
        account * span + moved_on.astype(np.int64), panel.account * span + panel.landmark.astype(np.int64), "right"
    )
    found = place < len(account)
    found[found] = account[place[found]] == panel.account[found]
    moves_in = np.full(len(panel), np.nan)
    moves_in[found] = days_between(panel.landmark[found], moved_on[place[found]])
    stays_for = np.nan_to_num(panel.leaves_in, nan=np.inf)
    return replace(panel, leaves_in=moves_in, seen_for=np.minimum(panel.seen_for, stays_for))


def learn_move(kind: str, lesson: Lesson) -> MoveLearned:
    """Walk forward with each learner, calibrate on later months the one that errs least there, and judge it there."""
    moved = churns_in(lesson.panel, periods_of(lesson.panel))
    report: dict[str, Any] = {"kind": kind, "as_of": lesson.as_of.isoformat(), "moved": moved}
    if moved < FEWEST_MOVED:
        return _refusal(kind, f"{moved} accounts had one; {FEWEST_MOVED} are needed.", report)
    if not lesson.cuts:
        return _refusal(kind, f"no landmark has its {HORIZON} days behind it yet.", report)
    try:
        tried = {
            name: walk_forward(lesson.panel, lesson.cuts, _learner(name, lesson.seed)) for name in candidates(moved)
        }
    except TooLittleToLearn:
        return _refusal(kind, "too few lie before the months kept for judging.", report)
    best = min(tried, key=lambda name: unseen_loss(tried[name]))
    return _judged(kind, lesson, tried[best], {**report, "learner": best})


def _judged(kind: str, lesson: Lesson, blocks: list[Block], report: dict[str, Any]) -> MoveLearned:
    nested, calibration, kept = calibrations(blocks, lesson.as_of)
    outcomes = outcomes_at(blocks, nested)
    if not outcomes.churned.any():
        return _refusal(kind, "none fell into the months kept for judging.", report)
    measured = evaluate(outcomes, lesson.seed)
    compared = compare(outcomes.risk, rival_risks(lesson.panel, blocks, base_rate), outcomes, lesson.seed)
    report |= {"unseen_months": measured, "base_rate": compared}
    report |= {"calibration": {"kept": kept, "intercept": calibration.intercept, "slope": calibration.slope}}
    doubts = _doubts(measured, compared)
    if doubts:
        return _refusal(kind, "on months it had not seen, " + " ".join(doubts), report)
    model = _fitted(lesson.panel, None, report["learner"], lesson.seed).calibrated(calibration)
    return MoveLearned(kind, Verdict(ready=True, sentences=_praise(kind, measured)), model, report)


def _moves(facts: Facts, day: np.datetime64, kind: str) -> tuple[FloatArray, DayArray]:
    """Return account and day of each fall, or rise, of ARR as known on `day`; beginnings and ends of lives are none."""
    rows = facts.subscriptions
    account, arr, ended = rows["account"].to_numpy(np.int64), rows["arr"].to_numpy(float), ends_as_known(rows, day)
    gone, begun = ~np.isnat(ended), days(rows["started_on"]) <= day
    who = np.concatenate([account[begun], account[gone]])
    when = np.concatenate([days(rows["started_on"])[begun], ended[gone]])
    step = np.concatenate([arr[begun], -arr[gone]])
    order = np.lexsort((when, who))
    who, when, step = who[order], when[order], step[order]
    first = np.flatnonzero(np.r_[True, (who[1:] != who[:-1]) | (when[1:] != when[:-1])]) if len(who) else who
    who, when, step = who[first], when[first], np.add.reduceat(step, first) if len(first) else step
    total = np.cumsum(step)
    begins = np.r_[True, who[1:] != who[:-1]] if len(who) else np.zeros(0, bool)
    base = np.repeat((total - step)[begins], np.diff(np.r_[np.flatnonzero(begins), len(who)]))
    after, before = total - base, total - base - step
    stays = (before > TOLERANCE) & (after > TOLERANCE)
    moved = stays & ((step < -TOLERANCE) if kind == CONTRACTION else (step > TOLERANCE))
    return who[moved], when[moved]


def _fitted(panel: Panel, until: date | None, learner: str, seed: int) -> HazardModel:
    return fit_hazard(panel, seed, until, FEWEST_BEHIND_A_CUT, learner, is_held=False)


def _learner(name: str, seed: int) -> Learner:
    def fit(panel: Panel, until: date) -> Scorer:
        model = _fitted(panel, until, name, seed)
        return lambda rows: model.raw_log_odds(rows.values, rows.flags)

    return fit


def _doubts(measured: dict[str, Any], compared: dict[str, Any]) -> list[str]:
    auc, slope = measured["measures"]["roc_auc"], measured["measures"]["calibration_slope"]["value"]
    share = compared["share_lower"] or 0.0
    doubts = []
    if measured["churned_accounts"] < FEWEST_UNSEEN:
        doubts.append(f"only {measured['churned_accounts']} accounts had one; {FEWEST_UNSEEN} are needed.")
    if auc["low"] is None or auc["low"] <= 0.5:
        doubts.append("it ranks them no better than chance.")
    if share < SURE:
        doubts.append(f"it beats the base rate in {100 * share:.0f} % of redraws only; {100 * SURE:.0f} % are asked.")
    if slope is None or slope < STEEPEST_DOUBT:
        doubts.append("its chances are too extreme there.")
    return doubts


def _praise(kind: str, measured: dict[str, Any]) -> tuple[str, ...]:
    auc, slope = measured["measures"]["roc_auc"], measured["measures"]["calibration_slope"]
    pairs = f"{100 * auc['value']:.0f} % of pairs (between {100 * auc['low']:.0f} % and {100 * auc['high']:.0f} %)"
    return (
        f"On months it had not seen, the model of {PLURAL[kind]} ranks accounts with one above others in {pairs}.",
        f"Its chances can be read as such: calibration slope {slope['value']:.2f} (1 is right).",
    )


def _refusal(kind: str, sentence: str, report: dict[str, Any]) -> MoveLearned:
    verdict = Verdict(ready=False, sentences=(f"No model of {PLURAL[kind]} can be trusted here: {sentence}",))
    return MoveLearned(kind, verdict, None, report)
