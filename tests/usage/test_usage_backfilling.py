"""A new rule counts what is kept of the past, some batches at a time, each event once."""

import pytest
from sqlalchemy import text

from app.core.queue import Lease
from app.extensions import db
from app.usage import backfilling, metering
from app.usage.intake.ingesting import ensure_meters, ingest
from jobs import backfill_rule
from tests.books import write_accounts
from tests.cast import NOW
from tests.usage.test_usage_ingesting import days


class Told(Lease):
    """A lease that keeps what a job says of its progress."""

    def __init__(self, workspace_id):
        self.workspace_id = workspace_id
        self.said = []

    def progress(self, done, of, text):
        self.said.append(done)


@pytest.fixture
def past(workspace, monkeypatch):
    """Events of three names from product analytics, in batches of 3, 1, 2 and 2, and one of a metering system; two at
    most are looked at together, if no batch holds more."""
    monkeypatch.setattr(backfilling, "BATCH", 2)
    write_accounts("acme")
    metering.count_everything()
    ensure_meters(["exports", "seats"])
    for batch in (["a", "b", "a"], ["a"], ["b", "b"], ["c", "a"]):
        first = db.session.execute(text("SELECT coalesce(sum(size), 0)::int FROM usage_batch")).scalar_one()
        taken = ingest("shop", [told(first + n, name) for n, name in enumerate(batch)], NOW)
        assert taken.accepted == len(batch)
    metered = told(9, "seats", "seats") | {"is_metered": True}
    assert ingest("lago", [metered], NOW).accepted == 1
    return workspace


def told(n, name, meter="product_events"):
    return {
        "event_id": f"m{n} {meter}", "account": "acme", "meter": meter, "quantity": 1.0,
        "happened_at": NOW, "person": None, "name": name, "properties": {"pages": 10 ** n},
    }  # fmt: skip


def test_every_product_event_counts_whatever_rules_stood_and_no_metered_one(past):
    db.session.execute(text("DELETE FROM meter_rule"))
    metering.make_rule("seats", "*")
    backfill_rule.run(Told(past.id), rule_id=metering.make_rule("exports", "*", {}, "pages"))
    assert days()["acme", "exports", NOW.date()] == 11_111_111


@pytest.mark.parametrize(
    ("name", "counted", "looked_at"),
    [
        ("a", 1 + 100 + 1000 + 10**7, [3, 6]),
        ("c", 10**6, [2]),
        ("seats", 10**9, [1]),
        ("d", 0, []),
        ("*", 11_111_111, [3, 6, 8]),
    ],
)
def test_a_rule_counts_its_events_of_all_batches_once(past, name, counted, looked_at):
    made = metering.make_rule("exports", name, {}, "pages")
    for _ in range(2):
        lease = Told(past.id)
        backfill_rule.run(lease, rule_id=made)
        assert lease.said == looked_at
        assert days().get(("acme", "exports", NOW.date()), 0) == counted
