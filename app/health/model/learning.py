"""Trains the churn model on everything known, and puts it in force only when it can be trusted and is better."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from app.core.money import minor_digits
from app.extensions import db
from app.health import queries
from app.health.knowing.gathering import gather
from app.health.knowing.reading import Progress
from app.health.model import promoting
from app.health.model.opening import open_model
from app.health.models import ModelVersion
from app.identity.models import Workspace
from app.usage.history import first_used_on
from ml import artifacts
from ml.checks.succession import Decision, Incumbent, outlast, succeed
from ml.facts import Facts
from ml.learning import MOST_ACCOUNTS, STEPS, Learned, learn

MOST_DAYS = 3 * 365


def train(workspace: Workspace, as_of: date, seed: int = 1, progress: Progress = lambda *_: None) -> ModelVersion:
    """Learn from what was known at the end of `as_of`; keep it refused, in force or as challenger, with its report."""
    ids = _sample(queries.all_account_ids())
    if not ids:
        return _keep(as_of, "refused", ["No model can be trusted here: there is no account yet."], {}, None)
    progress(0, STEPS + 2, "Gathering history")
    facts = _facts(workspace, ids, as_of)
    champion = queries.find_champion()
    incumbent = _incumbent(champion)
    learned = learn(facts, as_of, seed, incumbent=incumbent, say=_step(progress))
    progress(STEPS + 1, STEPS + 2, "Keeping the model")
    version = _settle(as_of, learned, champion, incumbent)
    db.session.flush()
    return version


def _step(progress: Progress) -> Callable[[int, str], None]:
    return lambda done, doing: progress(done + 1, STEPS + 2, doing)


def _facts(workspace: Workspace, ids: list[int], as_of: date) -> Facts:
    first = max(as_of - timedelta(days=MOST_DAYS), _first_day(as_of))
    facts = gather(ids, first, as_of, workspace.time_zone, 10 ** minor_digits(workspace.currency))
    tiers = queries.tiers_of(ids)
    return replace(facts, accounts=facts.accounts.assign(segment=[tiers.get(i) or "" for i in ids]))


def _incumbent(champion: ModelVersion | None) -> Incumbent | None:
    """Give the model in force, or None when it cannot be read or reads signals that this version no longer has."""
    model = open_model(champion.artifact, champion.id) if champion else None
    if champion is None or model is None:
        return None
    return Incumbent(model, date.fromisoformat(model.about.get("as_of") or champion.trained_on.isoformat()))


def _settle(as_of: date, learned: Learned, champion: ModelVersion | None, incumbent: Incumbent | None) -> ModelVersion:
    sentences, report = list(learned.verdict.sentences), learned.report
    if learned.model is None or not learned.verdict.ready:
        version = _keep(as_of, "refused", sentences, report, None)
        _reconsider(champion, report)
        return version
    artifact = {"model": artifacts.dump(learned.model)}
    version = _keep(as_of, "challenger", sentences, report, artifact)
    decision = _decide(champion, incumbent, report, as_of)
    version.because = decision.why
    if decision.takes_over:
        promoting.put_in_force(version, decision.why)
    return version


def _decide(
    champion: ModelVersion | None, incumbent: Incumbent | None, report: dict[str, Any], as_of: date
) -> Decision:
    if champion is None:
        return Decision(True, "It passed its tests, and no model was in force.")
    if incumbent is None:
        return Decision(True, "It takes over without a comparison: the model in force can no longer be read.")
    return succeed(report["contest"], as_of)


def _reconsider(champion: ModelVersion | None, report: dict[str, Any]) -> None:
    """Let the model in force go when the newest training was refused and the base rate does better by now."""
    if champion is None or "contest" not in report:
        return
    decision = outlast(report["contest"])
    champion.because = decision.why
    if not decision.takes_over:
        champion.state = "retired"


def _keep(
    as_of: date, state: str, verdict: list[str], report: dict[str, Any], artifact: dict[str, Any] | None
) -> ModelVersion:
    version = ModelVersion(state=state, verdict=verdict, report=report, artifact=artifact, trained_on=as_of)
    version.because = "It did not pass its tests." if state == "refused" else ""
    db.session.add(version)
    db.session.flush()
    return version


def _sample(ids: list[int]) -> list[int]:
    """Of a very large book read every n-th account: ids say nothing about churn, and learning samples anyway."""
    step = max(1, len(ids) // (2 * MOST_ACCOUNTS))
    return ids[::step]


def _first_day(as_of: date) -> date:
    return first_used_on() or as_of - timedelta(days=365)
