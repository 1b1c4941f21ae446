"""Events as they came are kept by the month and dropped by the month; what was counted stays, and repeats are known."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from dateutil.relativedelta import relativedelta
from sqlalchemy import create_engine, text
from structlog.testing import capture_logs

from app.core.clock import utc_now
from app.extensions import db
from app.usage.intake.correcting import correct
from app.usage.intake.ingesting import ensure_meters, ingest
from app.usage.ledger import partitions
from tests.books import write_accounts
from tests.faults.reckoning import Fact, counted

NOW = utc_now()
LATER = NOW.date() + timedelta(days=100)
LONG_AGO = date(2001, 5, 1)
FACTS = [Fact("acme", "calls", 2.0, NOW - timedelta(days=n * 20), f"p{n % 2}") for n in range(4)]


@pytest.fixture
def book(workspace):
    return fill(workspace)


def fill(workspace):
    write_accounts("acme")
    ensure_meters(["calls"])
    assert send().accepted == len(FACTS)
    return lambda: counted(lambda query, **values: db.session.execute(text(query), values), workspace.id)


def send(name="e", facts=FACTS, act=ingest):
    events = [
        {"event_id": f"{name}{n}", "account": fact.account, "meter": fact.meter, "quantity": fact.quantity,
         "happened_at": fact.at, "person": fact.person}
        for n, fact in enumerate(facts)
    ]  # fmt: skip
    return act("api", events, NOW)


def lying_in():
    """Give the tables in which events as they came lie, and how many in each."""
    return dict(
        map(tuple, db.session.execute(text("SELECT tableoid::regclass::text, sum(size) FROM usage_batch GROUP BY 1")))
    )


def test_partitions_are_made_ahead_once(book):
    made = [f"usage_batch_{LONG_AGO + relativedelta(months=n):%Y_%m}" for n in range(partitions.AHEAD)]
    assert (partitions.make_ahead(LONG_AGO), partitions.make_ahead(LONG_AGO)) == (made, [])


def test_a_month_that_is_dropped_takes_nothing_that_was_counted_with_it(book):
    before = book()
    (this_month,) = lying_in()
    assert this_month in partitions.drop_before(LATER)
    assert lying_in() == {}
    assert book() == before
    assert (send().accepted, send().duplicates) == (0, len(FACTS))
    assert book() == before
    send(facts=[replace(FACTS[0], quantity=9.0)], act=correct)
    key = ("acme", "calls", FACTS[0].day("UTC"))
    assert book().totals == {**before.totals, key: before.totals[key] + 7}


def test_events_without_a_partition_go_to_the_rest_and_do_not_hinder_the_months_ahead(book):
    partitions.drop_before(LATER)
    assert send("f").accepted == len(FACTS)
    assert lying_in() == {"usage_batch_rest": len(FACTS)}
    made = partitions.make_ahead(NOW.date())
    assert made == [f"usage_batch_{NOW.date().replace(day=1) + relativedelta(months=n):%Y_%m}" for n in (1, 2)]
    assert send("g").accepted == len(FACTS)
    assert lying_in() == {"usage_batch_rest": 2 * len(FACTS)}
    assert sum(book().totals.values()) == 3 * sum(fact.quantity for fact in FACTS)
    partitions.drop_before(LATER)
    assert lying_in() == {}


@pytest.fixture
def swept(committed, admin):
    """Take away the partitions of long ago that were really made. Gives a connection beside the test's."""
    engine = create_engine(admin.url.set(database=db.engine.url.database), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
        db.session.rollback()
        names = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE 'usage_batch_2001_%'"
        for name in list(connection.scalars(text(names))):
            connection.execute(text(f"DROP TABLE {name}"))
    engine.dispose()


def committing(act, *arguments):
    def run():
        done = act(*arguments)
        db.session.commit()
        return done

    return run


def test_two_workers_make_and_drop_each_month_once_while_events_come_in(committed, at_once, swept):
    seen = fill(committed)
    db.session.commit()
    tend = committing(partitions.make_ahead, LONG_AGO)
    *tended, sent = at_once(tend, tend, committing(send, "f"))
    assert sorted(map(len, tended)) == [0, partitions.AHEAD]
    assert sent.accepted == len(FACTS)
    drop = committing(partitions.drop_before, LONG_AGO + relativedelta(months=1))
    *dropped, sent = at_once(drop, drop, committing(send, "g"))
    assert sorted(dropped) == [[], [f"usage_batch_{LONG_AGO:%Y_%m}"]]
    assert sent.accepted == len(FACTS)
    assert sum(seen().totals.values()) == 3 * sum(fact.quantity for fact in FACTS)


def test_a_backup_that_reads_a_month_puts_its_drop_off_and_does_not_stop_events(committed, swept, monkeypatch):
    monkeypatch.setattr(partitions, "PATIENCE", "100ms")
    fill(committed)
    made = committing(partitions.make_ahead, LONG_AGO)()
    ended = LONG_AGO + relativedelta(months=1)
    with swept.execution_options(isolation_level="READ COMMITTED").begin(), capture_logs() as said:
        swept.execute(text("LOCK TABLE usage_batch IN ACCESS SHARE MODE"))
        db.session.execute(text("SET LOCAL statement_timeout = '20s'"))
        assert committing(partitions.drop_before, ended)() == []
        assert committing(send, "f")().accepted == len(FACTS)
    assert ["due to lock timeout" in each.get("error", "") for each in said] == [True]
    swept.execution_options(isolation_level="AUTOCOMMIT")
    assert committing(partitions.drop_before, ended)() == made[:1]
