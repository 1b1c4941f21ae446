"""Computes stored scores once more from the facts: as they were known then, and as corrected since."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

import numpy as np
from sqlalchemy import select

from app.core import tenancy
from app.core.clock import elapsed
from app.core.money import minor_digits
from app.extensions import db
from app.health.cards.choosing import CardInForce
from app.health.knowing.freshness import source_ages
from app.health.knowing.gathering import gather
from app.health.knowing.knowledge import Knowledge
from app.health.knowing.reading import LOOK_BACK_DAYS, snapshot_book
from app.health.knowing.witnessing import witnesses
from app.health.models import HealthScore, Scorecard
from app.health.scoring import score_columns, score_part
from app.identity.models import Workspace
from ml.knowing import with_hindsight

Numbers = list[float | None]


@dataclass(frozen=True)
class Itemised:
    """A score with all that it was made of, as it is stored."""

    values: Numbers
    before: Numbers
    score: float | None
    coverage: float


@dataclass(frozen=True)
class Recomputed:
    """`stored` and `as_known` are equal to the last bit. None: on that day, by what was (is) known, it paid nothing."""

    stored: Itemised
    as_known: Itemised | None
    as_corrected: Itemised | None


def recompute(workspace: Workspace, account_ids: Sequence[int], scored_on: date) -> dict[int, Recomputed]:
    """Score accounts once more as of a day on which they were scored, each with the scorecard of then; others are left
    out. As known: from what was known by the end of that day and stored when it was scored. As corrected: from all that
    is known now of the time up to that day.
    """
    corrected = score_in_hindsight(workspace, account_ids, scored_on)
    found: dict[int, Recomputed] = {}
    for card, read_at, rows in _scored(account_ids, scored_on, with_moment=True):
        known = _score(workspace, sorted(rows), Knowledge(scored_on, workspace.time_zone, stored_by=read_at), card)
        found |= {i: Recomputed(_itemised(row), known.get(i), corrected[i]) for i, row in rows.items()}
    return found


def score_in_hindsight(workspace: Workspace, account_ids: Sequence[int], scored_on: date) -> dict[int, Itemised | None]:
    """Score accounts once more as of such a day from all that is known now."""
    knowledge = Knowledge(scored_on, workspace.time_zone, in_hindsight=True)
    found: dict[int, Itemised | None] = {}
    for card, _, rows in _scored(account_ids, scored_on, with_moment=False):
        again = _score(workspace, sorted(rows), knowledge, card)
        found |= {i: again.get(i) for i in rows}
    return found


def _scored(
    account_ids: Sequence[int], scored_on: date, *, with_moment: bool
) -> Iterator[tuple[CardInForce, datetime, dict[int, HealthScore]]]:
    """Give what was stored of a day, together what was scored with one card (and, asked for, at one moment)."""
    query = select(HealthScore).where(HealthScore.account_id.in_(account_ids), HealthScore.scored_on == scored_on)

    def together(row: HealthScore) -> tuple[Any, ...]:
        return (row.scorecard_id, row.computed_at) if with_moment else (row.scorecard_id,)

    for _, group in groupby(sorted(db.session.scalars(query), key=together), key=together):
        rows = {row.account_id: row for row in group}
        first = next(iter(rows.values()))
        card = db.session.get_one(Scorecard, (tenancy.workspace_id(), first.scorecard_id))
        yield CardInForce.of(card), first.computed_at, rows


def _score(workspace: Workspace, ids: Sequence[int], knowledge: Knowledge, card: CardInForce) -> Mapping[int, Itemised]:
    first = knowledge.as_of - timedelta(days=LOOK_BACK_DAYS)
    facts = gather(
        sorted({*ids} | witnesses(knowledge, LOOK_BACK_DAYS)),
        first,
        knowledge.as_of,
        workspace.time_zone,
        10 ** minor_digits(workspace.currency),
        known_after=knowledge.as_of,
        stored_by=knowledge.stored_by,
    )
    read_at = knowledge.stored_by
    share = 1.0 if read_at is None else elapsed(workspace.time_zone, knowledge.as_of, read_at)
    book = snapshot_book(with_hindsight(facts) if knowledge.in_hindsight else facts, knowledge.as_of, share)
    part = score_part(card, book, source_ages(knowledge, card.card.deadlines), {}, {})
    found, wanted = score_columns(part), set(ids)
    columns = (_nullable(found[name]) for name in ("values", "before", "score", "coverage"))
    rows = zip(part.book.ids.tolist(), *columns, strict=True)
    return {account_id: Itemised(*itemised) for account_id, *itemised in rows if account_id in wanted}


def _itemised(row: HealthScore) -> Itemised:
    return Itemised(list(row.values), list(row.before), row.by_card, row.coverage)


def _nullable(numbers: np.ndarray) -> list[Any]:
    nullable = numbers.astype(object)
    nullable[np.isnan(numbers)] = None
    listed: list[Any] = nullable.tolist()
    return listed
