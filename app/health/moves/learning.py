"""Trains the models of contraction and expansion, and keeps what came of it, refused or in force."""

from datetime import date, timedelta

from app.core.money import minor_digits
from app.extensions import db
from app.health import queries
from app.health.knowing.gathering import gather
from app.health.knowing.reading import Progress
from app.health.models import MoveModel
from app.identity.models import Workspace
from app.usage.history import first_used_on
from ml import artifacts
from ml.learning import MOST_ACCOUNTS
from ml.moves import MoveLearned, learn_moves

MOST_DAYS = 3 * 365


def train_moves(
    workspace: Workspace, as_of: date, seed: int = 1, progress: Progress = lambda *_: None
) -> list[MoveModel]:
    """Learn from what was known at the end of `as_of`. The newest model of a kind stands, even where it was refused."""
    ids = queries.all_account_ids()
    ids = ids[:: max(1, len(ids) // (2 * MOST_ACCOUNTS))]  # ids say nothing of moves, and learning samples anyway
    if not ids:
        return []
    progress(0, 2, "Gathering history")
    first = max(as_of - timedelta(days=MOST_DAYS), first_used_on() or as_of - timedelta(days=365))
    facts = gather(ids, first, as_of, workspace.time_zone, 10 ** minor_digits(workspace.currency))
    progress(1, 2, "Learning who will pay less, and who more")
    return [_keep(learned, as_of) for learned in learn_moves(facts, as_of, seed)]


def _keep(learned: MoveLearned, as_of: date) -> MoveModel:
    artifact = None if learned.model is None else {"model": artifacts.dump(learned.model)}
    kept = MoveModel(
        kind=learned.kind, verdict=list(learned.verdict.sentences), report=learned.report, artifact=artifact,
        trained_on=as_of,
    )  # fmt: skip
    db.session.add(kept)
    db.session.flush()
    return kept
