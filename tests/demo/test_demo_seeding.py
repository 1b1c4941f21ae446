"""A simulated company comes in through the verbs that real data take, whole and to the last event."""

import numpy as np
import pytest
from sqlalchemy import func, select, text

from app.accounts.intake.touching import claim_touched
from app.accounts.models import Account, Contact, Invoice, Subscription
from app.accounts.movements import bridge
from app.accounts.queries import account_ids_by_external_id
from app.conversations.models import Interaction
from app.demo import seeding
from app.demo.company import simulate
from app.extensions import db
from app.usage.history import people_history, usage_history


@pytest.fixture
def company():
    return simulate(25, 8, 3)


@pytest.fixture
def seeded(company, cast, monkeypatch):
    monkeypatch.setattr(seeding, "SLICE", 10)
    told = []
    seeding.seed(company, [cast.owner.email, cast.colleague.email], lambda done, total, doing: told.append(doing))
    db.session.expire_all()
    return told


def count(model):
    return db.session.scalar(select(func.count()).select_from(model))


def test_every_row_of_it_is_there(company, seeded):
    assert count(Account) == len(company.accounts)
    assert count(Contact) == len(company.contacts)
    assert count(Invoice) == len(company.invoices)
    assert count(Interaction) == len(company.interactions)
    assert count(Subscription) == len(company.subscriptions)
    assert seeded[0] == "Accounts"


def test_its_use_is_there_day_by_day(company, seeded):
    by_name = account_ids_by_external_id(company.accounts["external_id"])
    ids = [by_name[each] for each in company.accounts["external_id"]]
    totals, people = company.activity_of(slice(0, len(company)))
    history = usage_history(sorted(ids), company.first_day, company.ends_on)
    start = (company.first_day - history.first_day).days
    assert np.allclose(history.totals[np.argsort(np.argsort(ids)), :, start:], totals, rtol=1e-6)
    assert len(people_history(sorted(ids), company.first_day, company.ends_on)["days"]) == len(people)


def test_its_accounts_are_shared_out_and_some_have_parents(company, cast, seeded):
    owners = dict(db.session.execute(select(Account.external_id, Account.owner_id)).all())
    shared = [(cast.owner.id, cast.colleague.id)[owner % 2] for owner in company.accounts["owner"]]
    assert [owners[each] for each in company.accounts["external_id"]] == shared
    assert db.session.scalar(select(func.count(Account.parent_id))) == (company.accounts["parent"] >= 0).sum()


def test_its_revenue_adds_up_and_nothing_waits_to_be_scored(company, seeded):
    told = bridge(company.first_day, company.ends_on)
    assert told.is_exact
    assert told.closing == db.session.scalar(text("SELECT sum(arr_minor) FROM account_summary"))
    assert claim_touched(1000).account_ids == []
