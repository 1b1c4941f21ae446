"""Puts versions of scorecards in force: published from a trial, brought back, or taken out."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, update

from app.core import queue, tenancy
from app.core.problems import NotFoundError, Problem
from app.extensions import db
from app.health.cards.choosing import EVERYONE
from app.health.models import Scorecard, ScorecardTrial


def publish(trial: ScorecardTrial, by: int, now: datetime) -> Scorecard:
    """Make a trial the newest version of its card, in force, and have the book scored with it.

    Raises Problem(409) when it has already been published or thrown away.
    """
    _refuse_ended(trial)
    newest = db.session.scalar(select(func.max(Scorecard.version)).where(Scorecard.name == trial.name)) or 0
    _out_of_force(trial.name)
    made = Scorecard(
        name=trial.name, version=newest + 1, definition=trial.definition, segment=trial.segment,
        position=trial.position, reason=trial.reason, published_at=now, published_by=by,
    )  # fmt: skip
    db.session.add(made)
    trial.outcome, trial.ended_at = "published", now
    _follow()
    return made


def throw_away(trial: ScorecardTrial, now: datetime) -> None:
    """End a trial without consequences. Raises Problem(409) when it has ended already."""
    _refuse_ended(trial)
    trial.outcome, trial.ended_at = "thrown away", now


def bring_back(scorecard_id: int) -> Scorecard:
    """Put an earlier version in force again, as it was. Raises NotFoundError."""
    found = get_version(scorecard_id)
    if not found.is_in_force:
        _out_of_force(found.name)
        found.is_in_force = True
        _follow()
    return found


def take_out(name: str) -> None:
    """Take a card out of force: its accounts go to the next one that fits. Raises Problem(409) for everyone's card."""
    if name == EVERYONE:
        raise Problem(409, "The Default card must stay: without it some accounts would have none.", "needed")
    _out_of_force(name)
    _follow()


def versions_of(name: str) -> Sequence[Scorecard]:
    """Give all versions of a card, the newest first. Raises NotFoundError when there is none."""
    query = select(Scorecard).where(Scorecard.name == name).order_by(Scorecard.version.desc())
    found = db.session.scalars(query).all()
    if not found:
        raise NotFoundError(f"scorecard {name}")
    return found


def find_in_force(name: str) -> Scorecard | None:
    """Give the version of a card that is in force."""
    return db.session.scalar(select(Scorecard).where(Scorecard.name == name, Scorecard.is_in_force))


def get_version(scorecard_id: int) -> Scorecard:
    """Give a version of a card. Raises NotFoundError."""
    found = db.session.get(Scorecard, (tenancy.workspace_id(), scorecard_id))
    if found is None:
        raise NotFoundError("version of a scorecard")
    return found


def get_trial(trial_id: int) -> ScorecardTrial:
    """Give a trial. Raises NotFoundError."""
    found = db.session.get(ScorecardTrial, (tenancy.workspace_id(), trial_id))
    if found is None:
        raise NotFoundError("trial of a scorecard")
    return found


def open_trials() -> Sequence[ScorecardTrial]:
    """Give the trials that await a decision, the newest first."""
    query = select(ScorecardTrial).where(ScorecardTrial.outcome.is_(None)).order_by(ScorecardTrial.id.desc())
    return db.session.scalars(query.limit(20)).all()


def _refuse_ended(trial: ScorecardTrial) -> None:
    if trial.outcome is not None:
        raise Problem(409, f"This trial has been {trial.outcome} already: try it again from the card.", "ended")


def _out_of_force(name: str) -> None:
    db.session.execute(update(Scorecard).where(Scorecard.name == name).values(is_in_force=False))


def _follow() -> None:
    db.session.flush()
    queue.defer("score_accounts", unique_key="all")
