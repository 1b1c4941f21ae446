"""What the simulated company itself cannot know; never part of its exports."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from app.demo.story.causes import CODES, reasons_for
from app.demo.story.telling import Story
from app.demo.story.timeline import Floats, stream


@dataclass(frozen=True)
class Truth:
    hazard: Floats  # [n, months] true chance of leaving in the month; 0 when not a customer
    months: np.ndarray  # [months] datetime64[s], first day of each month window
    episodes: pd.DataFrame  # account, cause, onset_on, passes_on, strength
    churns: pd.DataFrame  # account, churned_on, reason (a cause's code, or "none" for plain chance)


def truth_of(story: Story) -> Truth:
    firsts = story.time.dates(story.time.day(np.arange(story.time.months), 0))
    return Truth(story.contracts.hazard, firsts, _episodes(story), _churns(story))


def _episodes(story: Story) -> pd.DataFrame:
    episodes = story.episodes
    return pd.DataFrame(
        {
            "account": episodes.account,
            "cause": np.array(CODES)[episodes.cause],
            "onset_on": story.time.dates(episodes.onset),
            "passes_on": story.time.dates(episodes.until),
            "strength": episodes.strength,
        }
    )


def _churns(story: Story) -> pd.DataFrame:
    account, month = story.contracts.churn_account, story.contracts.churn_month
    return pd.DataFrame(
        {
            "account": account,
            "churned_on": story.time.dates(story.time.day(month, story.book.offset[account])),
            "reason": reasons_for(account, month, story.doubt, stream(story.seed, "reasons")),
        }
    )
