"""Verifies stored scores: each computed once more from storage must be the same to the last digit."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from app.extensions import db
from app.health.knowing.reading import CHUNK
from app.health.knowing.recomputing import Itemised, Recomputed, recompute
from app.health.models import HealthScore
from app.identity.models import Workspace


@dataclass(frozen=True)
class Verified:
    """How many scores of a day were computed again, the accounts of which anything came out otherwise (astray), and
    those whose score would with all that is known now (corrected)."""

    day: date
    scores: int
    astray: list[int]
    corrected: list[int]


def last_closed(today: date) -> date | None:
    """Give the last day before today on which anything was scored."""
    return db.session.scalar(select(func.max(HealthScore.scored_on)).where(HealthScore.scored_on < today))


def verify(workspace: Workspace, day: date, most: int) -> Verified:
    """Compute up to `most` scores of a day, drawn at random, once more."""
    some = select(HealthScore.account_id).where(HealthScore.scored_on == day).order_by(func.random()).limit(most)
    ids, found = sorted(db.session.scalars(some)), dict[int, Recomputed]()
    for start in range(0, len(ids), CHUNK):
        found |= recompute(workspace, ids[start : start + CHUNK], day)
    astray = [account_id for account_id, each in found.items() if each.as_known != each.stored]
    corrected = [account_id for account_id, each in found.items() if _is_another(each.as_corrected, each.stored)]
    return Verified(day, len(found), astray, corrected)


def _is_another(corrected: Itemised | None, stored: Itemised) -> bool:
    return corrected is None or corrected.score != stored.score
