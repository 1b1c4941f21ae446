"""A past day's use can be read as it was known on any later day, whatever came, was corrected or told since."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from app.extensions import db
from app.usage.intake.correcting import correct
from app.usage.intake.ingesting import ensure_meters, ingest
from app.usage.ledger.late_history import Late, late_people, late_usage
from app.usage.ledger.lateness import Coming
from app.usage.ledger.merging import merge_people
from app.usage.models import LatePerson, LateUsage, UserMonth
from tests.books import afresh, searched, write_accounts

MORNING = datetime(2026, 11, 20, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def event(event_id, at, quantity=1.0, meter="events", person=None, account="acme"):
    return {
        "event_id": event_id, "account": account, "meter": meter, "quantity": quantity, "person": person,
        "happened_at": at,
    }  # fmt: skip


@pytest.fixture
def acme(workspace):
    """An account whose source has been known for long."""
    (acme,) = write_accounts("acme")
    ensure_meters(["events"])
    ensure_meters(["seats"], "max")
    known = "INSERT INTO usage_source (name, first_seen_at, last_seen_at) VALUES ('api', :at, :at)"
    db.session.execute(text(known), {"at": MORNING - 100 * DAY})
    return acme


def late():
    """Give what is noted: (day, known on, quantity), as it came."""
    query = select(LateUsage.day, LateUsage.known_on, LateUsage.quantity).order_by(LateUsage.id)
    return [tuple(row) for row in db.session.execute(query)]


def late_persons():
    query = select(LatePerson.person, LatePerson.days, LatePerson.is_gone, LatePerson.known_on)
    return sorted(tuple(row) for row in db.session.execute(query))


def test_what_comes_while_its_day_lasts_is_not_noted(acme):
    ingest("api", [event("e1", MORNING, person="ann"), event("e2", MORNING, 7, "seats")], MORNING + DAY / 2)
    assert late() == late_persons() == []


def test_what_comes_after_its_day_is_noted_with_the_day_it_came(acme):
    ingest("api", [event("e1", MORNING, 2, person="ann"), event("e2", MORNING, 3)], MORNING + 3 * DAY)
    assert late() == [(MORNING.date(), MORNING.date() + 3 * DAY, 5)]
    assert late_persons() == [("ann", 1 << 19, False, MORNING.date() + 3 * DAY)]


@pytest.mark.parametrize(("zone", "is_late"), [("UTC", True), ("America/Los_Angeles", False)])
def test_a_day_is_over_when_it_is_over_in_the_workspaces_zone(acme, zone, is_late):
    evening = datetime(2026, 11, 20, 23, tzinfo=UTC)
    ingest("api", [event("e1", evening)], evening + timedelta(hours=2), zone)
    assert bool(late()) == is_late


def test_a_repeat_of_what_was_counted_in_time_is_not_late(acme):
    ingest("api", [event("e1", MORNING)], MORNING)
    ingest("api", [event("e1", MORNING)], MORNING + 9 * DAY)
    assert late() == []


def test_a_person_seen_in_time_is_not_late_when_another_event_of_the_day_is(acme):
    ingest("api", [event("e1", MORNING, person="ann")], MORNING)
    ingest("api", [event("e2", MORNING, person="ann")], MORNING + DAY)
    assert late_persons() == []


def test_what_a_source_tells_of_the_time_before_it_was_seen_is_history(acme):
    ingest("crm", [event("e1", MORNING - 40 * DAY, person="ann")], MORNING)
    assert late() == late_persons() == []


def test_history_is_noted_where_scores_stand_that_did_not_know_it_and_counts_as_known_when_it_happened(acme):
    db.session.execute(text("INSERT INTO account_summary (account_id, name, stage, first_scored_on)"
                            " VALUES (:id, 'Acme', 'established', '2026-11-01')"), {"id": acme})  # fmt: skip
    before = MORNING - 40 * DAY
    ingest("crm", [event("e1", before, 4, person="ann"), event("e2", before, 3, "seats")], MORNING)
    ingest("api", [event("e3", before)], MORNING, coming=Coming(MORNING, is_history=True))
    assert sorted(late()) == [
        (before.date(), before.date(), 1),
        (before.date(), before.date(), 3),
        (before.date(), before.date(), 4),
    ]
    assert late_persons() == [("ann", 1 << before.day - 1, False, before.date().replace(day=1))]


def test_what_was_held_is_known_when_it_is_counted_not_when_it_came(acme):
    ingest("api", [event("e1", MORNING)], MORNING, coming=Coming(MORNING + 2 * DAY))
    assert late() == [(MORNING.date(), MORNING.date() + 2 * DAY, 1)]


def test_a_late_maximum_is_noted_by_how_much_the_day_rose(acme):
    ingest("api", [event("e1", MORNING, 5, "seats")], MORNING)
    ingest("api", [event("e2", MORNING, 4, "seats"), event("e3", MORNING + DAY, 9, "seats")], MORNING + DAY)
    assert late() == []
    ingest("api", [event("e4", MORNING, 8, "seats")], MORNING + DAY)
    assert late() == [(MORNING.date(), MORNING.date() + DAY, 3)]


def test_a_correction_is_late_by_what_it_changes_on_each_day(acme):
    ingest("api", [event("e1", MORNING, 5), event("s1", MORNING, 5, "seats")], MORNING)
    corrected = [event("e1", MORNING - DAY, 7), event("s1", MORNING, 2, "seats")]
    correct("api", corrected, MORNING + DAY)
    day, known_on = MORNING.date(), MORNING.date() + DAY
    assert sorted(late()) == [(day - DAY, known_on, 7), (day, known_on, -5), (day, known_on, -3)]


def test_a_correction_within_the_day_is_not_late(acme):
    ingest("api", [event("e1", MORNING, 5)], MORNING)
    correct("api", [event("e1", MORNING, 7)], MORNING)
    assert late() == []


def test_two_who_are_one_were_two_until_it_was_told(acme):
    ingest("api", [event("e1", MORNING, person="anon"), event("e2", MORNING - DAY, person="ann")], MORNING)
    ingest("api", [event("e3", MORNING, person="ann")], MORNING)
    db.session.execute(text("DELETE FROM late_person"))
    ingest("api", [event("e4", MORNING - DAY, person="anon")], MORNING - DAY)
    merge_people({"anon": "ann"}, MORNING.date() + DAY)
    assert late_persons() == [("anon", 1 << 19 | 1 << 18, True, MORNING.date() + DAY)]
    assert db.session.scalars(select(UserMonth.days)).all() == [1 << 19 | 1 << 18]


moments = st.integers(0, 60 * 24).map(lambda hours: datetime(2026, 9, 25, tzinfo=UTC) + timedelta(hours=hours))
events = st.builds(
    event, st.integers(0, 15).map(lambda n: f"e{n}"), moments, st.integers(-50, 1000).map(float),
    st.sampled_from(["events", "seats"]), st.sampled_from(["ann", "bob", None]),
)  # fmt: skip
steps = st.lists(
    st.tuples(st.sampled_from([ingest, correct]), st.lists(events, max_size=6), st.integers(0, 5)), max_size=8
)


@searched
@given(steps, st.sampled_from(["UTC", "Asia/Kolkata", "America/New_York"]))
def test_every_day_reads_as_it_was_known_at_the_end_of_every_other(acme, steps, zone):
    """Days pass between what comes; at the end of each, what is counted is written down and compared."""
    with afresh():
        db.session.execute(text("UPDATE usage_source SET first_seen_at = '2020-01-01'"))
        now, seen = datetime(2026, 11, 20, 6, tzinfo=UTC), dict[date, tuple[object, object]]()
        for act, batch, days in steps:
            act("api", batch, now, zone)
            for _ in range(days):
                seen[now.date()] = (_totals(now.date()), _people(now.date()))
                now += DAY
        for day, (totals, people) in seen.items():
            assert _totals(day) == totals
            assert _people(day) == people


def _totals(day):
    """Give what was known at the end of a day: {(meter, day): total}, without zeros."""
    query = (
        "SELECT code, month + n::int - 1, total FROM daily_usage u JOIN meter m ON m.id = u.meter_id, unnest(totals)"
    )
    rows = db.session.execute(text(query + " WITH ORDINALITY AS days (total, n) WHERE total <> 0")).all()
    found = defaultdict(float, {(code, on): total for code, on, total in rows})
    for _, code, on, _, quantity, _ in late_usage(_asked(day)):
        found[code, on] -= quantity
    return {where: total for where, total in found.items() if total and where[1] <= day}


def _people(day):
    rows = db.session.execute(text("SELECT hashtextextended(person, 0), month, days FROM user_month")).all()
    found = defaultdict(int, {(person, month): days for person, month, days in rows})
    for _, person, month, days, _, is_gone in late_people(_asked(day)):
        found[person, month] = found[person, month] | days if is_gone else found[person, month] & ~days
    past = {where: days & _until(day, where[1]) for where, days in found.items()}
    return {where: days for where, days in past.items() if days}


def _until(day, month):
    """Give the bits of a month's days up to a day."""
    return (1 << max(0, min(31, (day - month).days + 1))) - 1


def _asked(day):
    ids = db.session.scalars(text("SELECT id FROM account")).all()
    return Late(sorted(ids), date(2026, 1, 1), date(2026, 12, 31), after=day)
