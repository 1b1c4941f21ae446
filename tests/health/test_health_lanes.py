"""A book read in several lanes gets the same scores."""

import pytest
from sqlalchemy import text

from app.extensions import db
from app.health import queries, scoring
from app.health.cards.choosing import cards_in_force
from app.health.knowing import reading
from tests.books import days_ago, stretch, subscribe, use, write_accounts
from tests.cast import TODAY
from tests.health.conftest import summarise

TABLES = ("health_score", "churn_score", "account_summary")


@pytest.fixture
def book(committed):
    """Seven accounts, of which the last has paid nothing for long."""
    names = [f"a{n}" for n in range(7)]
    write_accounts(*names)
    subscribe(*(stretch(name, 1_000_00 * (n + 1), days_ago(200 + 40 * n)) for n, name in enumerate(names[:6])))
    subscribe(stretch("a6", 1_000_00, days_ago(400), days_ago(100)))
    for n, name in enumerate(names[:5]):
        use(name, {days_ago(day): 1.0 + n for day in range(n, 150, n + 1)}, people=("ann", "bob")[: n % 3])
    summarise()
    cards_in_force()
    db.session.commit()
    return committed


def test_lanes_change_no_figure(book, monkeypatch):
    monkeypatch.setattr(reading, "CHUNK", 2)
    monkeypatch.setattr(scoring, "STRETCH", 1)
    said = []
    found = []
    for lanes in (1, 2):
        assert scoring.score_accounts(book, TODAY, progress=lambda *at: said.append(at), lanes=lanes) == 6
        found.append([_rows(table) for table in TABLES])
        db.session.rollback()
    assert found[0] == found[1]
    assert all(len(rows) >= 6 for rows in found[0])
    assert (4, 7, "Reading signals") in said
    assert queries.all_account_ids() == sorted(row["account_id"] for row in found[0][2])


def _rows(table):
    rows = db.session.execute(text(f"SELECT * FROM {table} ORDER BY account_id")).mappings()
    return [{name: value for name, value in row.items() if not name.endswith("_at")} for row in rows]
