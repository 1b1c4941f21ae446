"""Risk beside the truth, on simulated companies whose true hazards are known: calibrated, ranked, noise refused?

A day 91 days before the simulated end is read as today. The true risk is the chance to leave within the 90 days that
follow, from the hidden hazards as the causes then came; attainable is the AUC of one who sees every hidden cause at
work on the day, but not those to come. AUCs count each account by its true chance, so that luck plays no part.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import numpy.typing as npt
from flask import Flask
from scipy.stats import spearmanr
from sqlalchemy import text

from app.core import tenancy
from app.demo import making
from app.demo.company import Company, simulate
from app.demo.seeding import seed as bring_in
from app.extensions import db
from app.health import scoring
from app.health.model import learning
from benchmarks.book import PASSWORD
from benchmarks.results import Result
from benchmarks.truth import TrueRisk, true_risk
from ml.checks.shuffling import fates_shuffled
from ml.evaluate import Outcomes, roc_auc
from ml.features import snapshot_as_of
from ml.labels import landmarks_before, panel_of
from ml.learning import Lesson, learn, learn_from
from tests.demo_facts import facts_of

SMALL, LARGE, MONTHS, HORIZON = 400, 20_000, 27, 90
SEEDS = range(201, 211)
SHUFFLED_ACCOUNTS, SHUFFLED_SEEDS, SHUFFLES = 500, (101, 102, 103, 104), 5

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Reading:
    """What was shown of a company's accounts on the day, beside the truth; positions are those that had not given
    notice. `unseen_slope`: the calibration slope that the model's own report gives, None without one."""

    basis: str
    risk: FloatArray
    truth: TrueRisk
    unseen_slope: float | None

    @property
    def line(self) -> tuple[float, float]:
        """Slope and intercept of true on shown risk by least squares; 1 and 0 when each risk is right on average."""
        slope, intercept = np.polyfit(self.risk, self.truth.come, 1)
        return float(slope), float(intercept)

    @property
    def level(self) -> float:
        return float(self.risk.mean() / self.truth.come.mean())

    @property
    def rank(self) -> float:
        return float(spearmanr(self.risk, self.truth.known).statistic)

    @property
    def auc(self) -> float:
        return self._auc_of(self.risk)

    @property
    def attainable(self) -> float:
        return self._auc_of(self.truth.known)

    def _auc_of(self, risk: FloatArray) -> float:
        nobody, day = np.arange(len(risk)), np.zeros(len(risk), "datetime64[D]")
        rows = Outcomes(risk, self.truth.come, nobody, day, np.ones(len(risk)))
        return float(roc_auc(rows, np.ones((1, len(rows))))[0])


def measure(app: Flask) -> Iterator[Result]:
    """Read small companies through the product and large ones through its model; then deal fates anew."""
    ends_on = datetime.now(UTC).date() - timedelta(days=1)
    as_of = ends_on - timedelta(days=HORIZON + 1)
    with app.app_context():
        small = [_as_shown(simulate(SMALL, MONTHS, seed, ends_on), as_of) for seed in SEEDS]
    yield from _told(f"{SMALL} accounts", small)
    large = [_as_modelled(simulate(LARGE, MONTHS, seed, ends_on), as_of) for seed in SEEDS]
    yield from _told(f"{LARGE:,} accounts", large)
    yield _shuffled(ends_on)


def _as_shown(company: Company, as_of: date) -> Reading:
    """Bring a company into a workspace, train and score it as of the day, and read what its accounts are shown."""
    owners = [making.email_of(csm) for csm in making.CSMS]
    workspace = making.make_workspace(
        dict.fromkeys(map(making.email_of, (*making.CSMS, *making.OTHERS.values())), PASSWORD)
    )
    with tenancy.workspace(workspace.id):
        bring_in(company, owners)
        report = learning.train(workspace, as_of).report
        scoring.score_accounts(workspace, as_of)
        rows = db.session.execute(
            text(
                "SELECT a.external_id, c.basis, c.risk_90 FROM churn_score c JOIN account a ON a.id = c.account_id"
                " AND a.workspace_id = c.workspace_id WHERE c.scored_on = :day"
            ),
            {"day": as_of},
        ).all()
        db.session.rollback()
    position = {name: at for at, name in enumerate(company.accounts["external_id"])}
    risk = np.full(len(company), np.nan)
    risk[[position[row.external_id] for row in rows]] = [row.risk_90 for row in rows]
    return _beside_truth(company, as_of, rows[0].basis, risk, report)


def _as_modelled(company: Company, as_of: date) -> Reading:
    """Learn from a company's facts as known on the day and score all of its accounts."""
    facts = facts_of(company)
    learned = learn(facts, as_of, seed=1)
    risk = np.full(len(company), np.nan)
    if learned.model is not None:
        book = snapshot_as_of(facts, as_of)
        risk[book.values.index] = learned.model.risk_at(book.values, book.flags, [HORIZON])[:, 0]
    return _beside_truth(company, as_of, "model" if learned.model else "refused", risk, learned.report)


def _beside_truth(company: Company, as_of: date, basis: str, risk: FloatArray, report: dict) -> Reading:
    rows, day = company.subscriptions, np.datetime64(as_of)
    runs = (rows["started_on"] <= day) & ~(rows["ended_on"] <= day)
    told = rows["account"][runs & (rows["known_end_on"] <= day)]
    meant = ~np.isnan(risk) & ~np.isin(np.arange(len(company)), told)
    truth = true_risk(company, as_of, HORIZON)
    name = f"{basis}: {report['learner']}" if basis == "model" else basis
    slope = report["unseen_months"]["90"]["measures"]["calibration_slope"]["value"] if basis == "model" else None
    return Reading(name, risk[meant], TrueRisk(truth.come[meant], truth.known[meant]), slope)


def _told(of: str, readings: Sequence[Reading]) -> Iterator[Result]:
    bases = [reading.basis for reading in readings]
    counts = ", ".join(f"{basis} {bases.count(basis)}" for basis in sorted(set(bases)))
    yield Result(f"{of}: what risks rest on", counts, f"{len(readings)} companies", "said on every screen", True)
    for basis in sorted(set(bases)):
        yield from _measures(f"{of}, {basis}", [reading for reading in readings if reading.basis == basis])


def _measures(of: str, readings: Sequence[Reading]) -> Iterator[Result]:
    slopes, intercepts = zip(*(reading.line for reading in readings), strict=True)
    yield _within(f"{of}: slope of true on shown risk", slopes, 0.8, 1.2)
    yield Result(f"{of}: intercept", *_spread(100 * np.array(intercepts), " points"), "shown", True)
    yield _within(f"{of}: mean shown to mean true", [reading.level for reading in readings], 0.85, 1.15)
    own = [reading.unseen_slope for reading in readings if reading.unseen_slope is not None]
    if own:
        yield _within(f"{of}: slope on unseen months, of what happened", own, 0.8, 1.2)
    ranks = [reading.rank for reading in readings]
    yield Result(f"{of}: rank correlation with attainable", *_spread(ranks), "shown", True)
    aucs = f"{np.mean([r.auc for r in readings]):.3f} of {np.mean([r.attainable for r in readings]):.3f}"
    share = [(reading.auc - 0.5) / (reading.attainable - 0.5) for reading in readings]
    found, how = _spread(share)
    wanted = 0.7 if own else 0.0  # base rates are no ranking
    target = f"≥ {wanted}" if wanted else "shown"
    yield Result(f"{of}: share of the attainable AUC", found, f"AUC {aucs}; {how}", target, np.mean(share) >= wanted)


def _within(name: str, values: Sequence[float], low: float, high: float) -> Result:
    return Result(name, *_spread(values), f"{low}–{high} on average", bool(low <= np.mean(values) <= high))


def _spread(values: Sequence[float] | FloatArray, unit: str = "") -> tuple[str, str]:
    spread = f"{np.min(values):.2f} to {np.max(values):.2f}{unit} over {len(values)} companies"
    return f"{np.mean(values):.2f}{unit}", spread


def _shuffled(ends_on: date) -> Result:
    lessons = [_lesson(seed, ends_on) for seed in SHUFFLED_SEEDS]
    judged = [
        learn_from(replace(lesson, panel=fates_shuffled(lesson.panel, seed)))
        for lesson in lessons
        for seed in range(SHUFFLES)
    ]
    refused = sum(not learned.verdict.ready for learned in judged)
    how = f"each account given the whole fate of another, in {len(lessons)} companies of {SHUFFLED_ACCOUNTS}"
    return Result(
        "Shuffled fates refused", f"{refused} of {len(judged)}", how, "19 of 20", refused >= len(judged) * 0.95
    )


def _lesson(seed: int, ends_on: date) -> Lesson:
    facts = facts_of(simulate(SHUFFLED_ACCOUNTS, 24, seed, ends_on))
    landmarks = landmarks_before(facts.first_day, ends_on)
    return Lesson(panel_of(facts, ends_on, landmarks), landmarks, ends_on, 1)
