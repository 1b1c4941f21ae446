"""Every job is run by something: an hour of the timetable, or a change that defers it."""

import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest

from jobs.timetable import TIMETABLE
from jobs.worker import NAMES

ROOT = Path(__file__).parents[1]


def deferred():
    code = "\n".join(path.read_text() for folder in ("app", "jobs") for path in (ROOT / folder).rglob("*.py"))
    return set(re.findall(r"\bdefer\(\s*\"(\w+)\"", code))


def test_every_entry_of_the_timetable_is_a_job():
    assert {entry.job for entry in TIMETABLE} <= NAMES
    assert len({entry.job for entry in TIMETABLE}) == len(TIMETABLE)


def test_every_entry_has_an_hour_or_a_pace_and_not_both():
    assert all((entry.daily_at is None) != (entry.every is None) for entry in TIMETABLE)


def test_every_deferred_job_exists():
    assert deferred() <= NAMES


def test_every_job_is_in_the_timetable_or_deferred():
    assert NAMES - {entry.job for entry in TIMETABLE} - deferred() == set()


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_job_takes_its_lease_and_plain_arguments(name):
    first, *others = inspect.signature(import_module(f"jobs.{name}").run).parameters.values()
    assert first.name in {"lease", "_lease"}
    assert {each.kind for each in others} <= {inspect.Parameter.KEYWORD_ONLY}
    if name in {entry.job for entry in TIMETABLE}:
        assert all(each.default is not inspect.Parameter.empty for each in others)
