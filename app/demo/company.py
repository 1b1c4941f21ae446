"""The simulated company: `simulate` makes a customer book whose hidden truth is known, the same for the same seed."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd

from app.demo.behaviour import METERS, Behaviour
from app.demo.billing import invoice_rows, subscription_rows
from app.demo.conversations import interaction_rows
from app.demo.customers import account_rows
from app.demo.people import contact_rows
from app.demo.story.remedies import PLAYBOOK_EFFECTS, Effect
from app.demo.story.telling import tell
from app.demo.story.timeline import Floats
from app.demo.truth import Truth, truth_of

ENDS_ON = date(2026, 10, 31)


@dataclass(frozen=True)
class Company:
    """A book of accounts as the company would export it; `account` and `contact` columns are positions.

    Days are datetime64[s] at midnight, moments UTC, money integer minor units of the row's currency.
    """

    first_day: date
    ends_on: date
    accounts: pd.DataFrame
    subscriptions: pd.DataFrame
    contacts: pd.DataFrame
    interactions: pd.DataFrame
    invoices: pd.DataFrame
    treated: pd.DataFrame  # account, playbook, from_on
    behaviour: Behaviour  # makes usage and user months when asked
    truth: Truth
    meters: tuple[str, ...] = METERS

    def __len__(self) -> int:
        return len(self.accounts)

    @property
    def playbook_effects(self) -> dict[str, Effect]:
        """What each playbook truly does."""
        return PLAYBOOK_EFFECTS

    @property
    def usage(self) -> Floats:
        """[accounts, meters, days] daily counts; of a large book take `activity_of` slice by slice."""
        return self._activity[0]

    @property
    def user_months(self) -> pd.DataFrame:
        """account, user, month (year * 12 + month - 1), days (bit d - 1 set = active on day d)."""
        return self._activity[1]

    def usage_of(self, accounts: slice) -> Floats:
        """Usage of some accounts; the same counts however the book is sliced."""
        return self.behaviour.of(accounts)[0]

    def user_months_of(self, accounts: slice) -> pd.DataFrame:
        return self.behaviour.of(accounts)[1]

    def activity_of(self, accounts: slice) -> tuple[Floats, pd.DataFrame]:
        """Usage and user months together, which costs as much as either alone."""
        return self.behaviour.of(accounts)

    @cached_property
    def _activity(self) -> tuple[Floats, pd.DataFrame]:
        return self.behaviour.of(slice(None))


def simulate(
    accounts: int = 400,
    months: int = 24,
    seed: int = 7,
    ends_on: date = ENDS_ON,
    treated: pd.DataFrame | None = None,
) -> Company:
    """A company of `accounts` customers over the `months` that end on `ends_on`.

    `treated` (account, playbook, from_on) lets playbooks work; the hidden causes and every draw of
    chance then stay as they were without them. Raises ValueError for no accounts or months,
    KeyError for an unknown playbook.
    """
    treated = _nobody() if treated is None else treated
    story = tell(accounts, months, seed, ends_on, treated)
    customers = account_rows(story)
    contacts = contact_rows(story, customers["domain"].tolist())
    return Company(
        first_day=story.time.first_day,
        ends_on=ends_on,
        accounts=customers,
        subscriptions=subscription_rows(story),
        contacts=contacts,
        interactions=interaction_rows(story, customers["country"], contacts),
        invoices=invoice_rows(story),
        treated=treated,
        behaviour=Behaviour(story),
        truth=truth_of(story),
    )


def _nobody() -> pd.DataFrame:
    nobody = {"account": np.zeros(0, np.int64), "playbook": np.zeros(0, object)}
    return pd.DataFrame(nobody | {"from_on": np.zeros(0, "datetime64[s]")})
