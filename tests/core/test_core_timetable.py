"""Each period of the timetable happens once in each workspace, in its own time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from app.core import tenancy, timetable
from app.core.queue import Job
from app.core.timetable import Entry, Heartbeat
from app.extensions import db

NIGHTLY = Entry("close_day", daily_at=2)
OFTEN = Entry("score_touched", every=timedelta(minutes=5))
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def utc(day, time):
    return datetime.fromisoformat(f"{day}T{time}+00:00")


@pytest.mark.parametrize(
    ("zone", "before", "begins", "period"),
    [
        ("UTC", utc("2026-11-20", "01:59:59"), utc("2026-11-20", "02:00"), "2026-11-20"),
        ("Asia/Tokyo", utc("2026-11-19", "16:59"), utc("2026-11-19", "17:00"), "2026-11-20"),
        ("America/Los_Angeles", utc("2026-11-20", "09:59"), utc("2026-11-20", "10:00"), "2026-11-20"),
        ("Asia/Kathmandu", utc("2026-11-19", "20:14"), utc("2026-11-19", "20:15"), "2026-11-20"),
        ("Europe/Berlin", utc("2026-03-29", "00:59"), utc("2026-03-29", "01:00"), "2026-03-29"),  # no 02:00 that day
    ],
)
def test_a_day_begins_at_its_hour_in_the_zone_of_the_workspace(zone, before, begins, period):
    assert NIGHTLY.period(before, zone) < period
    assert NIGHTLY.period(begins, zone) == period


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
@pytest.mark.parametrize("hour", range(6))
def test_every_day_of_a_year_with_its_clock_changes_has_one_period(zone, hour):
    entry, at, seen = Entry("x", daily_at=hour), datetime(2026, 1, 1, 12, tzinfo=UTC), []
    while at.year == 2026:
        period = entry.period(at, zone)
        if not seen or period != seen[-1]:
            seen.append(period)
        at += timedelta(minutes=30)
    assert seen == sorted(set(seen))
    assert len(seen) in {365, 366}


@given(st.integers(0, 4_000_000_000), st.integers(1, 60))
def test_the_grid_never_runs_ahead_or_falls_a_step_behind(seconds, minutes):
    now = datetime.fromtimestamp(seconds, UTC)
    begun = datetime.fromisoformat(Entry("x", every=timedelta(minutes=minutes)).period(now, "UTC"))
    assert timedelta(0) <= now - begun < timedelta(minutes=minutes)


def jobs():
    return db.session.execute(select(Job.name).order_by(Job.id)).scalars().all()


def test_a_period_is_claimed_once_however_often_one_looks(workspace):
    places = [(workspace.id, "UTC")]
    assert timetable.claim_due([NIGHTLY, OFTEN], places, NOON) == 2
    assert timetable.claim_due([NIGHTLY, OFTEN], places, NOON + timedelta(minutes=4)) == 0
    assert timetable.claim_due([NIGHTLY, OFTEN], places, NOON + timedelta(minutes=5)) == 1
    assert timetable.claim_due([NIGHTLY, OFTEN], places, NOON + timedelta(days=1)) == 2


def test_a_week_of_downtime_is_caught_up_by_one_run(workspace):
    places = [(workspace.id, "UTC")]
    timetable.claim_due([NIGHTLY], places, NOON)
    db.session.execute(text("UPDATE job SET state = 'done'"))
    assert timetable.claim_due([NIGHTLY], places, NOON + timedelta(days=7)) == 1
    assert timetable.claim_due([NIGHTLY], places, NOON + timedelta(days=7, minutes=1)) == 0
    assert jobs() == ["close_day", "close_day"]


def test_a_job_that_still_waits_is_not_written_down_twice(workspace):
    for minutes in (0, 5, 10):
        timetable.claim_due([OFTEN], [(workspace.id, "UTC")], NOON + timedelta(minutes=minutes))
    assert jobs() == ["score_touched"]


def test_each_workspace_has_its_own_day(cast):
    places = [(cast.workspace.id, "Asia/Tokyo"), (cast.elsewhere.id, "America/Los_Angeles")]
    tokyo_at_two = utc("2026-11-19", "17:00")
    timetable.claim_due([NIGHTLY], places, tokyo_at_two - timedelta(minutes=1))
    assert timetable.claim_due([NIGHTLY], places, tokyo_at_two) == 1
    with tenancy.workspace(cast.elsewhere.id):
        assert jobs() == ["close_day"]


def test_of_two_timekeepers_at_the_same_moment_one_claims(committed, at_once):
    for day in range(10):
        now = NOON + timedelta(days=day)

        def keep_time(now=now):
            return timetable.claim_due([NIGHTLY, OFTEN], [(committed.id, "UTC")], now)

        assert sum(at_once(keep_time, keep_time)) == 2


def test_a_heartbeat_is_one_row_a_process_and_the_long_dead_are_forgotten(app):
    timetable.beat("worker-1", "worker", NOON - timedelta(days=2))
    timetable.beat("worker-2", "worker", NOON - timedelta(minutes=1))
    timetable.beat("worker-2", "worker", NOON)
    seen = db.session.execute(select(Heartbeat.process, Heartbeat.seen_at)).all()
    assert [tuple(row) for row in seen] == [("worker-2", NOON)]
