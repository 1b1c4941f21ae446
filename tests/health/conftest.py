"""A book of four accounts that have lived: two years' contracts, twenty weeks of use, talks and invoices."""

from datetime import timedelta
from types import SimpleNamespace

import numpy as np
import pytest

from app.accounts import movements
from app.accounts import summarising as accounts
from app.accounts.intake import recording
from app.conversations import summarising as conversations
from app.extensions import db
from app.health.models import ModelVersion
from app.usage import summarising as usage
from ml.artifacts import dump
from ml.features import MONTHS
from ml.hazard.model import HazardModel, Shape
from tests.books import at, days_ago, say, stretch, subscribe, use, write_accounts
from tests.cast import NOW, TODAY


@pytest.fixture
def lived(workspace):
    """Give the ids of `busy`, `falling`, `monthly` and `gone`, summarised up to TODAY."""
    names = ("busy", "falling", "monthly", "gone")
    ids = SimpleNamespace(**dict(zip(names, write_accounts(*names), strict=True)))
    subscribe(
        stretch("busy", 24_000_00, days_ago(500)),
        stretch("falling", 12_000_00, days_ago(300)),
        stretch("monthly", 6_000_00, days_ago(200), term_months=1),
        stretch("gone", 9_000_00, days_ago(400), days_ago(40)),
    )
    use("busy", {days_ago(n): 10.0 for n in range(140)}, people=("ann", "bob"))
    use("falling", {days_ago(n): 10.0 if n > 30 else 1.0 for n in range(3, 140)}, people=("cid", "dan"))
    use("monthly", {days_ago(n): 4.0 for n in range(0, 140, 2)}, people=("eve",))
    say("busy", {"happened_at": at(days_ago(3)), "body": "Works well, we love it", "resolved_at": at(days_ago(2))})
    say(
        "falling",
        {"happened_at": at(days_ago(150)), "channel": "ticket", "resolved_at": at(days_ago(149)), "body": "How?"},
    )
    say("monthly", {"happened_at": at(days_ago(45)), "channel": "phone", "direction": "out"})
    say("falling", {"happened_at": at(days_ago(6)), "channel": "ticket", "priority": "urgent", "body": "It is broken"})
    people = [
        {"external_id": "champion", "account": "busy", "name": "Kim", "role": "champion", "joined_on": days_ago(300)}
    ]
    recording.record_contacts(people, NOW)
    bill = {"issued_on": days_ago(50), "due_on": days_ago(20), "amount_minor": 1000_00}
    recording.record_invoices(
        [bill | {"external_id": "b", "account": "busy", "paid_on": days_ago(21)}, bill | {"external_id": "f", "account": "falling"}],
        NOW,
    )  # fmt: skip
    summarise()
    return ids


def summarise(as_of=TODAY):
    movements.rebuild()
    accounts.refresh(None, as_of)
    usage.refresh(None, as_of)
    conversations.refresh(None)
    db.session.expire_all()


@pytest.fixture
def champion(workspace) -> ModelVersion:
    """Put a small model in force that believes in the days since the last use alone."""
    table = np.array([-0.4, 0.3, 1.6, 0.0])[:, None, None] * np.ones((4, 2, MONTHS))
    base = np.array([[-5.0], [-2.5]]) * np.ones((2, MONTHS))
    model = HazardModel("by hand", base, (Shape("days_since_use", np.array([2.0, 20.0]), table),))
    version = ModelVersion(
        state="champion", verdict=["By hand."], report={}, artifact={"model": dump(model)},
        trained_on=TODAY - timedelta(days=7),
    )  # fmt: skip
    db.session.add(version)
    db.session.flush()
    return version
