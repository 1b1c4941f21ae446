"""A book of any size, and playbooks for it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.accounts.models import Account, AccountSummary
from app.core import tenancy
from app.extensions import db
from app.health.models import HealthChange
from app.playbooks.editing import Draft, make
from app.playbooks.models import Playbook
from tests.cast import NOW, TODAY, Cast

STEP = {"after_days": 0, "role": "owner", "title": "Call them", "advice": "Today."}
FALL = {"kind": "band_change", "band": "watch"}


@pytest.fixture
def new_account(cast: Cast) -> Callable[..., int]:
    """Write an account and its summary; gives its id. Settings are columns of the summary."""
    numbers: Iterator[int] = iter(range(1, 100_000))

    def write(**summary: Any) -> int:
        name = f"Account {next(numbers):04}"
        values = {"owner_id": cast.owner.id, "arr_minor": 12_000_00, "band": "watch", "risk": 0.3} | summary
        account = Account(external_id=name, name=name, stage="established", owner_id=values["owner_id"])
        db.session.add(account)
        db.session.flush()
        db.session.add(AccountSummary(account_id=account.id, name=name, stage="established", **values))
        db.session.flush()
        return account.id

    return write


@pytest.fixture
def new_playbook(cast: Cast) -> Callable[..., Playbook]:
    """Make a playbook; by default it fires on a fall to watch, with one step and nobody held out."""
    numbers: Iterator[int] = iter(range(1, 100))

    def write(**settings: Any) -> Playbook:
        wanted = {"name": f"Play {next(numbers)}", "aim": "", "trigger": FALL, "steps": [STEP], "holdout_share": 0.0}
        return make(Draft(**wanted | settings), NOW)

    return write


@pytest.fixture
def change(cast: Cast) -> Callable[..., HealthChange]:
    """Write a change of health, as scoring does."""

    def write(account_id: int, from_band: str = "steady", to_band: str = "watch", **columns: Any) -> HealthChange:
        values = {"changed_on": TODAY, "why": "active users fell from 42 to 18"} | columns
        row = HealthChange(account_id=account_id, from_band=from_band, to_band=to_band, **values)
        db.session.add(row)
        db.session.flush()
        summary = db.session.get_one(AccountSummary, (tenancy.workspace_id(), account_id))
        summary.band = to_band
        db.session.flush()
        return row

    return write
