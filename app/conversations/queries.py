"""Reads of interactions, in keyset pages."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, tuple_

from app.conversations.models import Interaction
from app.core import tenancy
from app.core.problems import NotFoundError
from app.extensions import db


def newest(before: int | None, limit: int) -> Sequence[Interaction]:
    """Give interactions of all accounts, the last to become known first."""
    query = select(Interaction).order_by(Interaction.id.desc()).limit(limit)
    return db.session.scalars(query if before is None else query.where(Interaction.id < before)).all()


def interactions_of(
    account_id: int, before: Sequence[Any] | None, limit: int, channel: str | None
) -> Sequence[Interaction]:
    """Give an account's interactions, the newest first, those before a (moment, number)."""
    query = select(Interaction).where(Interaction.account_id == account_id)
    if channel is not None:
        query = query.where(Interaction.channel == channel)
    if before is not None:
        query = query.where(tuple_(Interaction.happened_at, Interaction.id) < tuple_(*before))
    return db.session.scalars(query.order_by(Interaction.happened_at.desc(), Interaction.id.desc()).limit(limit)).all()


def get_interaction(interaction_id: int) -> Interaction:
    """Give an interaction of the workspace in force. Raises NotFoundError."""
    found = db.session.get(Interaction, (tenancy.workspace_id(), interaction_id))
    if found is None:
        raise NotFoundError("interaction")
    return found


def find_interaction(source: str, external_id: str) -> int | None:
    """Give the number of an interaction by what its system calls it."""
    query = select(Interaction.id).where(Interaction.source == source, Interaction.external_id == external_id)
    return db.session.scalar(query)
