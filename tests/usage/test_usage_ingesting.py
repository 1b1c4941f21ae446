"""Usage is counted once, on the day it happened in the workspace's zone, whatever its order and lateness."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from app.accounts.intake.touching import claim_touched, touch
from app.core import tenancy
from app.core.clock import day_in
from app.extensions import db
from app.usage.intake.correcting import correct
from app.usage.intake.ingesting import Ingested, ensure_meters, ingest
from app.usage.intake.sourcing import fold_intake
from app.usage.models import DailyUsage, Meter, UsageSource, UserMonth
from tests.books import KEPT_EVENTS, afresh, kept_events, searched, write_accounts
from tests.cast import NOW

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
NOVEMBER = date(2026, 11, 1)


def event(event_id, quantity=1.0, at=NOON, account="acme", meter="events", person=None):
    return {
        "event_id": event_id, "account": account, "meter": meter, "quantity": quantity, "happened_at": at,
        "person": person,
    }  # fmt: skip


def days():
    """Give what is counted: {(account, meter, day): total}, days without any left out."""
    db.session.expire_all()
    query = text(
        "SELECT a.external_id, m.code, u.month, u.totals FROM daily_usage u"
        " JOIN account a ON a.id = u.account_id JOIN meter m ON m.id = u.meter_id"
    )
    return {
        (account, meter, month.replace(day=n)): total
        for account, meter, month, totals in db.session.execute(query)
        for n, total in enumerate(totals, 1)
        if total
    }


@pytest.fixture
def meters(workspace):
    ids = write_accounts("acme", "other")
    ensure_meters(["events", "reports"])
    ensure_meters(["seats"], "max")
    return ids


def test_what_is_sent_again_counts_once(meters):
    batch = [event("e1", 2), event("e2", 3)]
    assert ingest("api", batch, NOW) == Ingested(2, 0, [])
    assert ingest("api", [*batch, event("e3", 4)], NOW) == Ingested(1, 2, [])
    assert days() == {("acme", "events", NOON.date()): 9}


def test_an_id_twice_in_a_batch_counts_once_the_first(meters):
    assert ingest("api", [event("e1", 2), event("e1", 5)], NOW) == Ingested(1, 1, [])
    assert days() == {("acme", "events", NOON.date()): 2}


def test_two_senders_may_use_the_same_ids(meters):
    ingest("crm", [event("e1", 2)], NOW)
    assert ingest("shop", [event("e1", 3)], NOW).accepted == 1
    assert days() == {("acme", "events", NOON.date()): 5}


def test_late_and_early_events_go_to_their_own_days(meters):
    at = [NOON - timedelta(days=400), NOON, NOON + timedelta(days=40), NOON - timedelta(days=20), NOON]
    ingest("api", [event(f"e{n}", 1, moment) for n, moment in enumerate(at)], NOW)
    assert days() == {("acme", "events", moment.date()): at.count(moment) for moment in at}


@pytest.mark.parametrize(
    ("zone", "day"),
    [("UTC", date(2026, 10, 31)), ("Pacific/Auckland", NOVEMBER), ("America/Los_Angeles", date(2026, 10, 31))],
)
def test_a_day_is_the_workspaces_own(meters, zone, day):
    ingest("api", [event("e1", at=datetime(2026, 10, 31, 23, 30, tzinfo=UTC), person="ann")], NOW, zone)
    assert days() == {("acme", "events", day): 1}
    noted = db.session.scalars(select(UserMonth)).one()
    assert (noted.month, noted.days) == (day.replace(day=1), 1 << (day.day - 1))


def test_where_python_and_postgresql_disagree_on_a_zone_postgresql_is_right(meters, monkeypatch):
    """As in Vancouver in November 2026: one of them knows a law that the other does not."""
    monkeypatch.setattr("app.usage.intake.days.day_in", lambda zone, at: day_in(zone, at) - timedelta(days=1))
    ingest("api", [event("e1", person="ann")], NOW)
    assert days() == {("acme", "events", NOON.date()): 1}
    assert correct("api", [event("e1", person="ann")], NOW) == 0
    assert days() == {("acme", "events", NOON.date()): 1}


def test_where_all_was_refused_before_the_source_is_told_so(meters):
    assert ingest("api", [], NOW, refused=3) == Ingested(0, 0, [])
    fold_intake(NOW)
    assert [source.rejected for source in db.session.scalars(select(UsageSource))] == [3]


def test_the_thirty_first_has_a_place_too(meters):
    ingest("api", [event("e1", at=datetime(2026, 10, 31, 12, tzinfo=UTC), person="ann")], NOW)
    assert days() == {("acme", "events", date(2026, 10, 31)): 1}


def test_a_gauge_keeps_the_days_largest(meters):
    for n, quantity in enumerate([5, 9, 7]):
        ingest("api", [event(f"e{n}", quantity, meter="seats")], NOW)
    ingest("api", [event("a", 3, meter="seats"), event("b", 4, NOON - timedelta(days=1), meter="seats")], NOW)
    assert days() == {("acme", "seats", NOON.date()): 9, ("acme", "seats", date(2026, 11, 19)): 4}


def test_people_are_noted_once_a_day_over_all_meters(meters):
    days_of_ann = [NOON, NOON, NOON - timedelta(days=1)]
    ingest(
        "api",
        [event(f"a{n}", at=at, person="ann", meter="events" if n else "reports") for n, at in enumerate(days_of_ann)],
        NOW,
    )
    ingest("api", [event("b", person="bob"), event("c", person="ann", account="other"), event("d")], NOW)
    noted = db.session.execute(
        select(UserMonth.account_id, UserMonth.person, UserMonth.days).order_by(UserMonth.account_id, UserMonth.person)
    ).all()
    acme, other = meters
    assert noted == [(acme, "ann", 1 << 19 | 1 << 18), (acme, "bob", 1 << 19), (other, "ann", 1 << 19)]


def test_unknown_accounts_and_meters_are_refused_one_by_one_and_say_why(meters):
    batch = [
        event("e0"),
        event("e1", account="nowhere"),
        event("e2", meter="nothing"),
        event("e3", account="x", meter="y"),
    ]
    taken = ingest("api", batch, NOW)
    assert (taken.accepted, taken.duplicates) == (1, 0)
    assert [(n, field) for n, field, _ in taken.rejected] == [(1, "account"), (2, "meter"), (3, "account")]
    assert "'nowhere'" in taken.rejected[0][2]
    assert "'nothing'" in taken.rejected[1][2]
    write_accounts("nowhere")
    assert ingest("api", batch[:2], NOW) == Ingested(1, 1, [])


def test_nothing_sent_is_nothing_kept(meters):
    assert ingest("api", [], NOW) == Ingested(0, 0, [])
    assert correct("api", [], NOW) == 0
    assert db.session.scalars(select(UsageSource)).all() == []


def test_a_source_is_remembered_with_what_became_of_it(meters):
    ingest("api", [event("e1"), event("e1"), event("e2", account="x")], NOW)
    ingest("api", [event("e3")], NOW + timedelta(hours=1))
    fold_intake(NOW)
    source = db.session.scalars(select(UsageSource)).one()
    assert (source.name, source.accepted, source.duplicates, source.rejected) == ("api", 2, 1, 1)
    assert source.last_seen_at == NOW + timedelta(hours=1)


def test_only_accounts_with_something_new_are_scored_again(meters):
    acme, other = meters
    ingest("api", [event("e1"), event("e2", account="other")], NOW)
    assert claim_touched(10).account_ids == [acme, other]
    ingest("api", [event("e1"), event("e3", account="other")], NOW)
    assert claim_touched(10).account_ids == [other]
    assert claim_touched(10).account_ids == []


def test_the_longest_waiting_are_claimed_first(meters):
    acme, other = meters
    touch([acme])
    touch([other])
    assert [claim_touched(1).account_ids for _ in range(2)] == [[acme], [other]]


def test_a_correction_moves_a_quantity_between_days_accounts_and_meters(meters):
    ingest("api", [event("e1", 5), event("e2", 1)], NOW)
    before = NOON - timedelta(days=40)
    correct("api", [event("e1", 7, before, account="other", meter="reports")], NOW)
    assert days() == {("acme", "events", NOON.date()): 1, ("other", "reports", before.date()): 7}
    assert claim_touched(9).account_ids == meters


def test_a_correction_that_says_the_same_or_names_no_event_changes_nothing(meters):
    ingest("api", [event("e1", 5)], NOW)
    before = days()
    correct("api", [event("e1", 5), event("unknown", 9)], NOW)
    correct("elsewhere", [event("e1", 9)], NOW)
    assert days() == before


def test_of_two_corrections_of_one_event_the_last_counts(meters):
    ingest("api", [event("e1", 5)], NOW)
    correct("api", [event("e1", 6), event("e1", 8)], NOW)
    assert days() == {("acme", "events", NOON.date()): 8}


def test_a_corrected_maximum_is_counted_anew_also_in_a_month_without_a_row(meters):
    ingest("api", [event("e1", 9, meter="seats"), event("e2", 4, meter="seats")], NOW)
    earlier = NOON - timedelta(days=60)
    assert correct("api", [event("e1", 6, earlier, meter="seats")], NOW) == 2
    assert days() == {("acme", "seats", NOON.date()): 4, ("acme", "seats", earlier.date()): 6}


def test_the_first_meter_is_the_core_one_and_meters_are_made_once(workspace):
    ensure_meters(["api_calls", "reports"])
    ensure_meters(["reports", "logins"], "max")
    made = db.session.execute(select(Meter.code, Meter.name, Meter.kind, Meter.is_core).order_by(Meter.position)).all()
    assert made == [
        ("api_calls", "Api Calls", "sum", True),
        ("reports", "Reports", "sum", False),
        ("logins", "Logins", "max", False),
    ]


def test_an_account_of_another_workspace_takes_no_event(cast):
    write_accounts("acme")
    ensure_meters(["events"])
    with tenancy.workspace(cast.elsewhere.id):
        assert [field for _, field, _ in ingest("api", [event("e1")], NOW).rejected] == ["account"]
        assert kept_events() == []


def test_one_batch_sent_over_two_connections_at_once_counts_once(committed, at_once):
    write_accounts("acme")
    ensure_meters(["events"])
    db.session.commit()
    batch = [event(f"e{n}", 1, person=f"p{n % 7}") for n in range(400)]

    def send(events):
        taken = ingest("api", events, NOW)
        db.session.commit()
        return taken

    one, two = at_once(lambda: send(batch), lambda: send(batch[::-1]))
    assert one.accepted + two.accepted == 400
    assert one.duplicates + two.duplicates == 400
    assert days() == {("acme", "events", NOON.date()): 400}
    assert db.session.query(UserMonth).count() == 7


moments = st.integers(0, 70 * 24).map(lambda hours: datetime(2026, 9, 25, tzinfo=UTC) + timedelta(hours=hours))
quantities = st.integers(-50, 1000).map(float) | st.sampled_from([0.0, 0.25, 1.5])


def batches(moments):
    events = st.builds(
        event, st.integers(0, 15).map(lambda n: f"e{n}"), quantities, moments,
        st.sampled_from(["acme", "other", "nowhere"]), st.sampled_from(["events", "reports", "seats"]),
        st.sampled_from(["ann", "bob", None]),
    )  # fmt: skip
    return st.lists(events, max_size=8)


of_an_hour = moments.flatmap(
    lambda at: batches(st.integers(0, 59).map(lambda minutes: at + timedelta(minutes=minutes)))
)
steps = st.lists(st.tuples(st.sampled_from([ingest, correct]), batches(moments) | of_an_hour), max_size=8)


@searched
@given(steps, st.sampled_from(["UTC", "Asia/Kolkata", "America/New_York"]))
def test_the_days_always_equal_a_recount_of_the_events(meters, steps, zone):
    with afresh():
        for act, batch in steps:
            act("api", batch, NOW, zone)
        assert days() == pytest.approx(_recount(zone))


def _recount(zone):
    """Count from the events as they came alone, of each the newest; a day's maximum begins at nothing."""
    query = text(
        f"WITH newest AS (SELECT DISTINCT ON (event_id) * FROM {KEPT_EVENTS} e ORDER BY event_id, id DESC)"
        "SELECT a.external_id, m.code, (e.happened_at AT TIME ZONE :zone)::date,"
        " CASE m.kind WHEN 'max' THEN greatest(max(e.quantity), 0) ELSE sum(e.quantity) END"
        " FROM newest e JOIN account a ON a.id = e.account_id JOIN meter m ON m.id = e.meter_id"
        " GROUP BY 1, 2, 3, m.kind"
    )
    return {
        (account, code, day): total for account, code, day, total in db.session.execute(query, {"zone": zone}) if total
    }


def test_a_month_has_a_place_for_each_of_its_days(meters):
    ingest("api", [event("e1")], NOW)
    assert len(db.session.scalars(select(DailyUsage)).one().totals) == 31
