"""Chooses each account's scorecard: of those in force, the first by position whose segment the account is in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from app.accounts.spanning import listed
from app.core.bulk.columns import TEXT, read_columns
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
    if len(cards) > 1 and len(account_ids):
        traits = _traits(account_ids)
        for place in reversed(range(len(cards))):
            chosen[are_inside(cards[place].segment, traits, minor)] = place
    return chosen


def are_inside(segment: Mapping[str, Any], traits: Mapping[str, np.ndarray], minor: int) -> np.ndarray:
    """Tell which accounts belong to a segment: all its words must hold; the empty one is everyone's."""
    inside: np.ndarray = traits["arr"] >= segment.get("arr_from", 0) * minor
    for name in ("stage", "tier", "plan", "contract"):
        if name in segment:
            inside &= traits[name] == segment[name]
    return inside


def segment_in_words(segment: Mapping[str, Any]) -> str:
    """Say whom a segment means."""
    words = [
        f"{SEGMENT_FIELDS[name]} {CONTRACTS.get(str(value), value) if name == 'contract' else value}"
        for name, value in segment.items()
    ]
    return ", ".join(words) if words else "everyone else"


def _traits(account_ids: Sequence[int]) -> dict[str, np.ndarray]:
    """Give what segments speak of, a column each, in the order of the ids (ascending)."""
    kinds = {"account_id": "whole", "arr": "number", "months": "number", "stage": TEXT, "tier": TEXT, "plan": TEXT}
    found = read_columns(
        "SELECT account_id, arr_minor AS arr, term_months AS months, stage, tier, plan FROM account_summary"
        " WHERE account_id = ANY(CAST(%(ids)s AS bigint[])) ORDER BY account_id",
        kinds,
        {"ids": listed(account_ids)},
    )
    place = np.searchsorted(found["account_id"], account_ids)
    columns = {
        name: np.asarray(values, object if kinds[name] == TEXT else None)[place] for name, values in found.items()
    }
    return columns | {"contract": np.where(np.nan_to_num(columns["months"]) < 2, "monthly", "term")}


def _publish_defaults(query: Any) -> Sequence[Scorecard]:
    for name, definition, segment, position in (
        ("Onboarding", ONBOARDING, {"stage": "onboarding"}, 10),
        (EVERYONE, DEFAULT, {}, LAST),
    ):
        values = {"name": name, "version": 1, "definition": definition, "segment": segment, "position": position}
        made = insert(Scorecard).values(**values, reason="Comes with Perennial.", published_at=func.now())
        db.session.execute(made.on_conflict_do_nothing())
    return db.session.scalars(query).all()
