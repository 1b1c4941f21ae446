"""What playbooks truly do to the chance of leaving."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from app.demo.story.book import Book
from app.demo.story.causes import CODES, Episodes
from app.demo.story.timeline import Floats, Timeline


@dataclass(frozen=True)
class Effect:
    """What a playbook truly does: `factor` on the hazard, when begun within `in_time` days of the cause's onset."""

    cause: str
    factor: float
    in_time: int = 60
    lasting: int = 180


PLAYBOOK_EFFECTS = {
    "adoption-coaching": Effect("usage_decline", 0.7),
    "seat-activation": Effect("idle_seats", 0.75),
    "new-champion": Effect("champion_left", 0.6, in_time=45),
    "escalation-care": Effect("friction", 0.65, in_time=30),
    "guided-onboarding": Effect("failed_onboarding", 0.7),
    "value-review": Effect("price_shock", 0.8),
    "payment-reminder": Effect("late_payment", 1.0),  # pays the invoice, keeps nobody
}


def relief_of(treated: pd.DataFrame, book: Book, episodes: Episodes, time: Timeline) -> Floats:
    """[n, months] factor on the hazard: below 1 where the right playbook came in time; of several the best counts.

    `treated` has the columns account, playbook, from_on. Raises KeyError for an unknown playbook.
    """
    relief = np.ones((len(book), time.months), np.float32)
    columns = (treated[name].tolist() for name in ("account", "playbook", "from_on"))
    for account, playbook, from_on in zip(*columns, strict=True):
        effect = PLAYBOOK_EFFECTS[playbook]
        begun = (pd.Timestamp(from_on) - pd.Timestamp(time.first_day)).days
        own = episodes.of(account, account + 1)
        wait = begun - own.onset[own.cause == CODES.index(effect.cause)]
        if ((wait >= 0) & (wait <= effect.in_time)).any():
            day = time.day(np.arange(time.months), book.offset[account])
            at_work = (day >= begun) & (day < begun + effect.lasting)
            relief[account, at_work] = np.minimum(relief[account, at_work], effect.factor)
    return relief
