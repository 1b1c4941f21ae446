"""Churn risk on other people's data, imported and learnt from as any customer's: level with the best honest results?

Beside it, on the same rows and split and with the same signals, logistic regression and gradient boosting as they
come, and the best figure published for the set. Intervals: 95 %, from redraws of whole accounts. The data are not part
of Perennial: BENCH_DATA names a folder with one folder a set.
"""

import os
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from flask import Flask

from app.core.clock import utc_now
from app.health import dating
from app.health.model import learning
from app.usage.history import first_used_on
from benchmarks.foreign import online_retail, oulad, ravenstack, telco
from benchmarks.foreign.bringing_in import facts_known, imported
from benchmarks.foreign.rivals import RIVALS, risk_by
from benchmarks.results import Result
from ml.checks.backtest import calibrations, outcomes_at, rival_risks, walk_forward
from ml.evaluate import Outcomes, compare, evaluate
from ml.hazard import fit_hazard
from ml.hazard.curve import risk_within
from ml.labels import Panel, known_labels, landmarks_before, panel_of
from ml.learning import Lesson, learn, learn_from, learner_of
from ml.splits import account_folds

FloatArray = npt.NDArray[np.float64]
FOLDS, SEED = 5, 1
OURS = "Perennial"


def measure(app: Flask) -> Iterator[Result]:
    """Measure every set that the folder holds; say of the others where they are to be had."""
    given = os.environ.get("BENCH_DATA")
    for one, act in ((online_retail, _retail), (oulad, _courses), (telco, _telco), (ravenstack, _control)):
        folder = Path(given or "") / one.FOLDER
        if given and folder.is_dir():
            with app.app_context():
                yield from act(folder)
        else:
            how = f"set BENCH_DATA to a folder that holds {one.FOLDER}/: {one.WHERE}"
            yield Result(one.FOLDER, "skipped", how, "measured", False)


def _retail(folder: Path) -> Iterator[Result]:
    """Walk forward, as the product judges itself; what it would put in force or refuse is told too."""
    with imported("Online Retail", online_retail.files(folder)) as done:
        as_of = dating.settle(done.workspace, utc_now())
        facts = facts_known(first_used_on(), as_of)
        yield Result("online_retail: imported", done.line, f"read as of {as_of}", "shown", True)
    landmarks = landmarks_before(facts.first_day, as_of)
    lesson = Lesson(panel_of(facts, as_of, landmarks), landmarks, as_of, SEED)
    learned = learn_from(lesson)
    yield _verdict("online_retail", learned.verdict.sentences, learned.verdict.ready, wanted=True)
    if "learner" not in learned.report:
        return
    cuts = [tuple(map(date.fromisoformat, cut)) for cut in learned.report["cuts"]]
    blocks = walk_forward(lesson.panel, cuts, learner_of(learned.report["learner"], SEED))
    ours = outcomes_at(blocks, calibrations(blocks, as_of)[0])
    risks = {OURS: ours.risk} | {name: rival_risks(lesson.panel, blocks, _walking(name)) for name in RIVALS}
    split = f"walk forward, {len(cuts)} cuts, 90 days"
    yield from _compared("online_retail", ours, risks, split, "AUC .749 (one year of history), .772 (two)")


def _walking(name: str) -> Any:
    def rival(panel: Panel, until: date, horizon: int, test: Panel) -> FloatArray:
        over, label = known_labels(panel, horizon, until)
        return risk_by(name, panel.rows(over), label[over], test)

    return rival


def _courses(folder: Path) -> Iterator[Result]:
    """Learn from the presentation of February, judge on that of October: withdrawal within 28 days."""
    learnt, tested = (_presentation(folder, name) for name in oulad.BEGINS)
    yield Result("oulad: imported", f"{learnt[1]}; {tested[1]}", "2013B and 2013J", "shown", True)
    yield _verdict("oulad, 2013B alone", *learnt[2], wanted=learnt[2][1])
    panel, test, days = learnt[0], tested[0], 28
    label, fate = panel.churned_within(days), test.churned_within(days)
    seen, known = ~np.isnan(label), ~np.isnan(fate)
    test, fate = test.rows(known), fate[known]
    model = fit_hazard(panel, SEED)
    risks = {OURS: risk_within(model.raw_log_odds(test.values, test.flags), days)}
    risks |= {name: risk_by(name, panel.rows(seen), label[seen], test) for name in RIVALS}
    ours = Outcomes(risks[OURS], fate, test.account, test.landmark, test.arr)
    published = "AUC .713 and .747, Brier skill .014 and .025 (other years); with clicks lift 5.2"
    yield from _compared("oulad", ours, risks, "learnt from 2013B, judged on 2013J, 28 days", published)


def _presentation(folder: Path, name: str) -> tuple[Panel, str, tuple[tuple[str, ...], bool]]:
    begins = oulad.BEGINS[name].date()
    as_of = begins + timedelta(days=oulad.SEEN_DAYS[name])
    with imported(f"Open University {name}", oulad.files(folder, name)) as done:
        facts = facts_known(begins, as_of)
    verdict = learn(facts, as_of, SEED).verdict
    landmarks = [begins + timedelta(days=day) for day in range(14, (as_of - begins).days - 27, 28)]
    return panel_of(facts, as_of, landmarks), done.line, (verdict.sentences, verdict.ready)


def _telco(folder: Path) -> Iterator[Result]:
    """A table of one day has no later months: folds of accounts instead, through the same fit."""
    day = telco.DAY.date()
    as_of = day + timedelta(days=31)
    with imported("Telco", telco.files(folder)) as done:
        facts = facts_known(day - timedelta(days=60), as_of)
        yield Result("ibm_telco: imported", done.line, "read as the book of one day", "shown", True)
    panel, days = panel_of(facts, as_of, [day]), 30
    fate, fold = panel.churned_within(days), account_folds(panel.account, FOLDS, SEED)
    risks = {name: np.full(len(panel), np.nan) for name in (OURS, *RIVALS)}
    for held in range(FOLDS):
        rest, test = panel.rows(fold != held), panel.rows(fold == held)
        model = fit_hazard(rest, SEED)
        risks[OURS][fold == held] = risk_within(model.raw_log_odds(test.values, test.flags), days)
        for name in RIVALS:
            risks[name][fold == held] = risk_by(name, rest, fate[fold != held], test)
    ours = Outcomes(risks[OURS], fate, panel.account, panel.landmark, panel.arr)
    split = f"{FOLDS} folds of accounts, no time in the table"
    yield from _compared("ibm_telco", ours, risks, split, "AUC .845 ± .013 of all 19 columns")


def _control(folder: Path) -> Iterator[Result]:
    """Bring the export in as it is, then with each subscription as an account: neither may end in a model."""
    yield from _refused("ravenstack", folder)
    yield from _refused("ravenstack, by subscription", ravenstack.by_subscription(folder))


def _refused(name: str, files: Mapping[str, pd.DataFrame] | Path) -> Iterator[Result]:
    with imported(name, files, day_first=True) as done:
        as_of = dating.settle(done.workspace, utc_now())
        version = learning.train(done.workspace, as_of, SEED)
        yield Result(f"{name}: imported", done.line, f"read as of {as_of}", "shown", True)
        yield _verdict(name, tuple(version.verdict), version.state == "champion", wanted=False)


def _verdict(name: str, sentences: tuple[str, ...], ready: bool, *, wanted: bool) -> Result:
    words = "a model is put in force" if ready else "refused"
    target = "a model" if wanted else "refused"
    return Result(f"{name}: the product's verdict", words, " ".join(sentences), target, ready == wanted)


def _compared(
    name: str, ours: Outcomes, risks: Mapping[str, FloatArray], split: str, published: str
) -> Iterator[Result]:
    """Tell each learner's measures, ours held against the better rival by log loss on the same rows."""
    found = {who: evaluate(ours.with_risk(risk), SEED) for who, risk in risks.items()}
    base = f"{len(ours):,} rows, {ours.churned.mean():.1%} churn; {split}"
    for who, measured in found.items():
        figures = measured["measures"]
        best = max(found[rival]["measures"]["roc_auc"]["value"] for rival in RIVALS)
        is_met = who != OURS or _is_level(ours, risks, figures, best)
        target = f"level with both below; published: {published}" if who == OURS else "shown"
        yield Result(
            f"{name}: {who}", _figure("AUC", figures["roc_auc"]), _rest(figures, base, who, ours, risks), target, is_met
        )


def _is_level(ours: Outcomes, risks: Mapping[str, FloatArray], figures: Mapping[str, Any], best: float) -> bool:
    return figures["roc_auc"]["high"] >= best and all(
        (compare(ours.risk, risks[rival], ours, SEED)["low"] or 0) <= 0 for rival in RIVALS
    )


def _rest(figures: Mapping[str, Any], base: str, who: str, ours: Outcomes, risks: Mapping[str, FloatArray]) -> str:
    kept = {"PR AUC": "pr_auc", "Brier skill": "brier_skill", "slope": "calibration_slope"}
    kept |= {"calibration error": "calibration_error", "lift": "top_decile_lift"}
    told = ", ".join(_figure(word, figures[code]) for word, code in kept.items())
    if who == OURS:
        return f"{told}; {base}"
    difference = compare(ours.risk, risks[who], ours, SEED)
    return f"{told}; log loss, ours less theirs: {_interval(difference['difference'], difference, 4)}"


def _figure(word: str, figure: Mapping[str, Any]) -> str:
    return f"{word} {_interval(figure['value'], figure, 3)}"


def _interval(value: float, ends: Mapping[str, Any], digits: int) -> str:
    return f"{value:.{digits}f} ({ends['low']:.{digits}f} to {ends['high']:.{digits}f})"
