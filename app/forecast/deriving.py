"""Derives what follows from the facts, in order: revenue, summaries, scores, renewals, the day's snapshot."""

from collections.abc import Sequence
from datetime import date

from app.accounts import movements
from app.accounts import summarising as accounts
from app.conversations import summarising as conversations
from app.forecast import projecting
from app.health import scoring
from app.health.knowing import hindsight
from app.health.knowing.reading import Progress
from app.identity.models import Workspace
from app.usage import summarising as usage

READING_LANES = 2
"""While PostgreSQL packs the facts of some accounts, others are measured."""


def derive_some(workspace: Workspace, as_of: date, account_ids: Sequence[int]) -> None:
    """Bring the summaries and scores of some accounts up to the end of a day, and their past scores up to what came
    late; the book's forecast waits for its own."""
    accounts.refresh(account_ids, as_of)
    usage.refresh(account_ids, as_of)
    scoring.score_accounts(workspace, as_of, account_ids)
    hindsight.correct_scores(workspace, account_ids, as_of)
    accounts.count_book()


def derive(workspace: Workspace, as_of: date, progress: Progress = lambda *_: None, lanes: int = 1) -> None:
    """Bring the whole book up to the end of a day. Running it again changes nothing.

    `lanes`: how many parts of the book are read at once; with more than one, only facts that are committed.
    """
    progress(0, None, "Adding up revenue")
    movements.rebuild()
    accounts.refresh(None, as_of)
    progress(0, None, "Adding up usage and conversations")
    usage.refresh(None, as_of)
    conversations.refresh(None)
    scoring.score_accounts(workspace, as_of, progress=progress, lanes=lanes)
    accounts.count_book()
    progress(0, None, "Forecasting renewals")
    projecting.project(workspace, as_of)
    projecting.take_snapshot(workspace, as_of)
