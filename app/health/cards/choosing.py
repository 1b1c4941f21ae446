"""Chooses each account's scorecard: of those in force, the first by position whose segment the account is in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from app.accounts.spanning import listed
from app.extensions import db
from app.health.cards.defaults import DEFAULT, ONBOARDING
from app.health.models import Scorecard
from app.health.scorecard import Card

EVERYONE = "Default"
LAST = 1_000  # the position of the card for everyone
SEGMENT_FIELDS = {"stage": "stage", "tier": "tier", "plan": "plan", "contract": "contract", "arr_from": "ARR from"}
CONTRACTS = {"monthly": "month by month", "term": "with a term"}


@dataclass(frozen=True)
class CardInForce:
    """A scorecard ready to score with. `id` is None while it is only on trial."""

    id: int | None
    name: str
    version: int
    position: int
    segment: Mapping[str, Any]
    card: Card

    @classmethod
    def of(cls, row: Scorecard) -> "CardInForce":
        return cls(row.id, row.name, row.version, row.position, row.segment, Card.of(row.definition))


def cards_in_force() -> list[CardInForce]:
    """Give the scorecards in force, first the one that is looked at first; a new workspace gets the defaults."""
    query = select(Scorecard).where(Scorecard.is_in_force).order_by(Scorecard.position, Scorecard.id)
    rows = db.session.scalars(query).all() or _publish_defaults(query)
    return [CardInForce.of(row) for row in rows]


def choose(cards: Sequence[CardInForce], account_ids: Sequence[int], minor: int) -> np.ndarray:
    """Give the place in `cards` of each account's scorecard: [accounts]; the last card is for all the others.

    `minor`: minor units of the currency in one.
    """
    chosen = np.full(len(account_ids), len(cards) - 1)
    if len(cards) > 1:
        traits = _traits(account_ids)
        for place in reversed(range(len(cards))):
            inside = [is_in(cards[place].segment, traits[account_id], minor) for account_id in account_ids]
            chosen[inside] = place
    return chosen


def is_in(segment: Mapping[str, Any], traits: Any, minor: int) -> bool:
    """Tell whether an account belongs to a segment: all its words must hold; the empty one is everyone's."""
    kind = "monthly" if (traits.term_months or 0) < 2 else "term"
    held = {"stage": traits.stage, "tier": traits.tier, "plan": traits.plan, "contract": kind}
    enough: bool = traits.arr_minor >= segment.get("arr_from", 0) * minor
    return enough and all(segment[name] == value for name, value in held.items() if name in segment)


def segment_in_words(segment: Mapping[str, Any]) -> str:
    """Say whom a segment means."""
    words = [
        f"{SEGMENT_FIELDS[name]} {CONTRACTS.get(str(value), value) if name == 'contract' else value}"
        for name, value in segment.items()
    ]
    return ", ".join(words) if words else "everyone else"


def _traits(account_ids: Sequence[int]) -> dict[int, Any]:
    query = text(
        "SELECT account_id, stage, tier, plan, arr_minor, term_months FROM account_summary"
        " WHERE account_id = ANY(CAST(:ids AS bigint[]))"
    )
    return {row.account_id: row for row in db.session.execute(query, {"ids": listed(account_ids)})}


def _publish_defaults(query: Any) -> Sequence[Scorecard]:
    for name, definition, segment, position in (
        ("Onboarding", ONBOARDING, {"stage": "onboarding"}, 10),
        (EVERYONE, DEFAULT, {}, LAST),
    ):
        values = {"name": name, "version": 1, "definition": definition, "segment": segment, "position": position}
        made = insert(Scorecard).values(**values, reason="Comes with Perennial.", published_at=func.now())
        db.session.execute(made.on_conflict_do_nothing())
    return db.session.scalars(query).all()
