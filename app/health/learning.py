"""Trains the churn model on everything known, and puts it in force only when it can be trusted."""

from datetime import date, timedelta

from sqlalchemy import update

from app.core.money import minor_digits
from app.extensions import db
from app.health import queries
from app.health.gathering import gather
from app.health.models import ModelVersion
from app.health.scoring import Progress
from app.identity.models import Workspace
from app.usage.history import first_used_on
from ml import artifacts
from ml.learning import MOST_ACCOUNTS, learn

MOST_DAYS = 3 * 365


def train(workspace: Workspace, as_of: date, seed: int = 1, progress: Progress = lambda *_: None) -> ModelVersion:
    """Learn from what was known at the end of `as_of` and keep the result, refused or in force, with its report."""
    ids = _sample(queries.all_account_ids())
    progress(0, 3, "Gathering history")
    first = max(as_of - timedelta(days=MOST_DAYS), _first_day(as_of))
    minor = 10 ** minor_digits(workspace.currency)
    facts = gather(ids, first, as_of, workspace.time_zone, minor) if ids else None
    progress(1, 3, "Learning, and judging on months it has not seen")
    if facts is None:
        return _keep(as_of, "refused", ["No model can be trusted here: there is no account yet."], {}, None)
    learned = learn(facts, as_of, seed)
    progress(2, 3, "Keeping the model")
    sentences = list(learned.verdict.sentences)
    if learned.model is None or not learned.verdict.ready:
        return _keep(as_of, "refused", sentences, learned.report, None)
    db.session.execute(update(ModelVersion).where(ModelVersion.state == "champion").values(state="retired"))
    return _keep(as_of, "champion", sentences, learned.report, {"model": artifacts.dump(learned.model)})


def _keep(
    as_of: date, state: str, verdict: list[str], report: dict[str, object], artifact: dict[str, object] | None
) -> ModelVersion:
    version = ModelVersion(state=state, verdict=verdict, report=report, artifact=artifact, trained_on=as_of)
    db.session.add(version)
    db.session.flush()
    return version


def _sample(ids: list[int]) -> list[int]:
    """Of a very large book read every n-th account: ids say nothing about churn, and learning samples anyway."""
    step = max(1, len(ids) // (2 * MOST_ACCOUNTS))
    return ids[::step]


def _first_day(as_of: date) -> date:
    return first_used_on() or as_of - timedelta(days=365)
