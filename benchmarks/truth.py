"""What nobody inside a simulated company can know: each account's true chance to leave in the days after a day.

The story is told once more with the same chances, but from the day on nobody leaves: so the hazard of an account that
did leave goes on, and its true chance can be told like any other's.
"""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from app.demo.company import Company
from app.demo.story.causes import DELIBERATION, presence_by_month, pressure
from app.demo.story.contracts import Negotiation
from app.demo.story.remedies import relief_of
from app.demo.story.telling import Story
from app.demo.story.timeline import Ints, stream

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TrueRisk:
    """[accounts] chances to leave that were not announced by the day: as the causes came, and by those at work then.

    `known` is the most that anybody could know on the day; `come` what the days then brought, new causes included.
    """

    come: FloatArray
    known: FloatArray


def true_risk(company: Company, as_of: date, days: int) -> TrueRisk:
    """Give every account's true chance to leave within `days` after `as_of`."""
    story, today = company.behaviour.story, (as_of - company.first_day).days
    by_then = story.episodes.only(story.episodes.onset <= today)
    come, known = (
        _chance(replace(story, episodes=causes), company.treated, today, days) for causes in (story.episodes, by_then)
    )
    return TrueRisk(come, known)


@dataclass
class _NobodyLeaves(Negotiation):
    """Contracts as they were told, but from the month `stay_from` on nobody leaves."""

    stay_from: int = 0

    def _leave(self, who: Ints, month: int) -> None:
        super()._leave(who if month < self.stay_from else who[:0], month)


def _chance(story: Story, treated: pd.DataFrame, today: int, days: int) -> FloatArray:
    """Chance to leave within the days, given that no notice of it was known on the day."""
    ahead = story.time.day(np.arange(story.time.months)[None, :], story.book.offset[:, None]) - today
    hazard = np.where((ahead > 0) & (ahead <= days), _hazards(story, treated, int(story.time.month_of(today))), 0.0)
    leaves = hazard * np.cumprod(np.column_stack([np.ones(len(hazard)), 1 - hazard[:, :-1]]), axis=1)
    announced = _notice_by_then(story, ahead)
    return (leaves * (1 - announced)).sum(axis=1) / (1 - (leaves * announced).sum(axis=1))


def _hazards(story: Story, treated: pd.DataFrame, stay_from: int) -> FloatArray:
    book, causes, time = story.book, story.episodes, story.time
    presence, doubt = (presence_by_month(book, causes, time, delay) for delay in (0, DELIBERATION))
    leaning = pressure(book, doubt, relief_of(treated, book, causes, time))
    talks = _NobodyLeaves(book, leaning, presence, stream(story.seed, "contracts"), stay_from=stay_from)
    talks.bring_forward()
    return np.column_stack([talks.live(month) for month in range(time.months)]).astype(float)


def _notice_by_then(story: Story, ahead: Ints) -> FloatArray:
    """Chance that a leaving so many days ahead has been announced: notice periods as app/demo/billing.py draws them."""
    monthly = np.clip((10 - ahead) / 10, 0, 1)
    term = np.clip((46 - ahead) / 31, 0, 1)
    return np.where(story.book.term[:, None] == 1, monthly, term)
