"""Several read at once, each in a transaction of its own; one writes while the next is made."""

import sys
from threading import Barrier

import pytest
from sqlalchemy import text
from sqlalchemy.exc import InternalError

from app.core.bulk import lanes
from app.core.bulk.lanes import read_in_lanes, writing_behind
from app.extensions import db


def names():
    return db.session.scalars(text("SELECT name FROM meter ORDER BY name")).all()


def add(name):
    db.session.execute(text("INSERT INTO meter (code, name) VALUES (:name, :name)"), {"name": name})


def test_lanes_read_at_once_what_is_committed_of_their_workspace_and_answer_in_order(committed):
    add("seen")
    db.session.commit()
    add("unseen yet")
    together = Barrier(2, timeout=10)  # nobody passes alone

    def read(number):
        together.wait()
        return number, names()

    assert list(read_in_lanes(read, [3, 1, 2, 4], lanes=2)) == [(n, ["seen"]) for n in (3, 1, 2, 4)]


def test_one_lane_reads_in_the_present_transaction(workspace):
    add("unseen yet")
    assert list(read_in_lanes(lambda _: names(), [1, 2], lanes=1)) == [["unseen yet"]] * 2


def test_a_lane_cannot_write_and_its_error_is_raised(committed):
    with pytest.raises(InternalError, match="read-only transaction"):
        list(read_in_lanes(lambda _: add("lost"), [1, 2], lanes=2))


@pytest.mark.parametrize("is_apart", [True, False])
def test_what_is_written_behind_is_written_in_order_in_the_present_transaction(workspace, is_apart):
    with writing_behind(is_apart=is_apart) as behind:
        for name in "abc":
            behind(add, name)
    assert names() == ["a", "b", "c"]
    db.session.rollback()
    assert names() == []


def test_a_failed_write_is_raised_and_nothing_is_written_after_it(workspace):
    written = []

    def write(number):
        written.append(number)
        if number == 2:
            raise ValueError(number)

    def write_all():
        with writing_behind() as behind:
            for number in (1, 2, 3, 4):
                behind(write, number)

    with pytest.raises(ValueError, match="2"):
        write_all()
    assert written == [1, 2]


def test_turns_stay_short_until_the_last_who_asked_is_done():
    usual, first, second = sys.getswitchinterval(), lanes._turns.short(), lanes._turns.short()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert sys.getswitchinterval() < usual
    second.__exit__(None, None, None)
    assert sys.getswitchinterval() == usual


def test_turns_are_short_while_two_work_and_as_before_after_it_also_when_it_fails(workspace):
    usual, seen = sys.getswitchinterval(), []

    def fail():
        with writing_behind() as behind:
            seen.append(sys.getswitchinterval())
            behind(lambda: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        fail()
    assert seen[0] < usual == sys.getswitchinterval()
