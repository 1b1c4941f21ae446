"""How far back the signals of a day look, so that nothing is read of the past that cannot change a figure."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

import numpy as np
import pandas as pd
from sqlalchemy import text

from app.accounts.spanning import span
from app.core.clock import end_of_day
from app.extensions import db
from app.usage.history import UsageHistory
from ml.facts import BoolArray, IntArray
from ml.lives import days, lives_as_known
from ml.signals.adoption.slow_onboarding import YOUNG_UNTIL
from ml.signals.relationship.days_since_contact import is_theirs
from ml.signals.view import ERRORS

WINDOW_DAYS = 118  # back to the day before the 90 days that ended 28 days ago, of which a share counts by day
PEOPLE_DAYS = 55  # back to the first of the 28 days that ended 28 days ago


@dataclass(frozen=True)
class Recent:
    """From when on the signals of a day look at everybody's usage and interactions, and at people.

    Before, they ask only whether the book's sources spoke at all, which the `witnesses` among the accounts tell; how a
    young account began; when one that has been silent since was last used or heard from; and since when the tickets
    `waiting`, interactions by number, have been open.
    """

    window_from: date
    people_from: date
    witnesses: AbstractSet[int]
    waiting: AbstractSet[int]

    @classmethod
    def to(cls, as_of: date, zone: str, account_ids: Sequence[int], witnesses: AbstractSet[int]) -> Self:
        """Say it for a day and some accounts (ids ascending): what is known now of the time up to it will be read."""
        window_from = as_of - timedelta(days=WINDOW_DAYS)
        people_from = as_of - timedelta(days=PEOPLE_DAYS)
        return cls(window_from, people_from, witnesses, _waiting(account_ids, as_of, zone, window_from))


def is_used(usage: UsageHistory, since: date) -> BoolArray:
    """Tell which accounts were used from the month of a day on: [accounts]."""
    meters = [place for place, meter in enumerate(usage.meters) if meter != ERRORS]
    newest = usage.totals[:, :, (since.replace(day=1) - usage.first_day).days :]
    found: BoolArray = newest.max(axis=2, initial=0)[:, meters].max(axis=1, initial=0) > 0
    return found


def is_young(subscriptions: pd.DataFrame, as_of: date, accounts: int) -> BoolArray:
    """Tell which accounts began to pay so lately that their first days are looked at: [accounts]."""
    lives = lives_as_known(subscriptions, np.datetime64(as_of, "D"))
    return _marked(lives.account[lives.started_on > np.datetime64(as_of, "D") - YOUNG_UNTIL], accounts)


def has_spoken(talk: pd.DataFrame, as_of: date, accounts: int) -> BoolArray:
    """Tell which accounts were heard from in these interactions, as far as it was known by the day: [accounts]."""
    heard = is_theirs(talk) & (days(talk["known_on"]) <= np.datetime64(as_of, "D"))
    return _marked(talk["account"][heard].to_numpy(np.int64), accounts)


def _marked(places: IntArray, accounts: int) -> BoolArray:
    marked = np.zeros(accounts, dtype=bool)
    marked[places] = True
    return marked


def _waiting(account_ids: Sequence[int], as_of: date, zone: str, before: date) -> set[int]:
    """Give the tickets that came in before a day and were still open at the end of `as_of`."""
    old = f"SELECT id FROM interaction WHERE {span(account_ids)} AND channel = 'ticket' AND happened_at < :before"
    query = text(f"{old} AND resolved_at IS NULL UNION ALL {old} AND resolved_at >= :ends")
    values = {"before": end_of_day(zone, before - timedelta(days=1)), "ends": end_of_day(zone, as_of)}
    return set(db.session.scalars(query, values))
