"""What became known after a day is not seen on it, to the last bit, and with hindsight all of it is."""

from dataclasses import replace

import numpy as np
import pytest
from tiny import DAYS, FIRST, book, contract, day, frame, talk, user_days

from ml.features import features_as_of
from ml.knowing import people_as_known, usage_as_known, with_hindsight

LANDMARK = np.datetime64("2025-12-01")


def late(on, known, quantity=1.0, total=1.0, account=0):
    return {
        "account": account, "meter": 0, "day": day(on), "known_on": day(known), "quantity": quantity, "total": total,
    }  # fmt: skip


def at(on):
    return int((np.datetime64(on) - np.datetime64(FIRST)).astype(int))


def knowing(facts, usage=(), users=()):
    return replace(
        facts, late_usage=frame("late_usage", list(usage)), late_users=frame("late_users", list(users))
    ).check()


def test_without_anything_late_the_array_itself_is_read():
    facts = book(contract())
    assert usage_as_known(facts, LANDMARK) is facts.usage
    assert people_as_known(facts, LANDMARK) is facts.user_months


def test_what_came_after_the_day_is_taken_off_and_what_came_by_it_is_not():
    usage = np.zeros((1, 1, DAYS))
    usage[0, 0, at("2025-11-20")] = 7
    rows = [late("2025-11-20", "2025-11-25", 2, 7), late("2025-11-20", "2025-12-02", 1, 7),
            late("2025-11-20", "2025-12-05", 3, 7)]  # fmt: skip
    facts = knowing(book(contract(), usage=usage), rows)
    known = [
        usage_as_known(facts, np.datetime64(on))[0, 0, at("2025-11-20")]
        for on in ("2025-11-24", "2025-12-01", "2025-12-04", "2025-12-05")
    ]
    assert known == [1, 3, 4, 7]
    assert facts.usage[0, 0, at("2025-11-20")] == 7


def test_fractions_taken_off_in_another_order_leave_nothing():
    total = (0.1 + 0.2) + 0.3
    assert total - (0.3 + 0.2 + 0.1) != 0
    rows = [late("2025-11-20", "2025-12-02", quantity, total) for quantity in (0.3, 0.2, 0.1)]
    usage = np.zeros((1, 1, DAYS))
    usage[0, 0, at("2025-11-20")] = total
    assert usage_as_known(knowing(book(contract(), usage=usage), rows), LANDMARK).sum() == 0


def person(on, known, is_gone=False, user=0):
    (row,) = user_days(0, user, on)
    return row | {"known_on": day(known), "is_gone": is_gone}


@pytest.mark.parametrize(
    ("now", "changes", "then"),
    [
        (["2025-11-05", "2025-11-06"], [("2025-11-06", "2025-12-02", False)], ["2025-11-05"]),
        (["2025-11-05"], [("2025-11-05", "2025-12-02", False)], []),
        (["2025-11-05"], [("2025-11-05", "2025-12-01", False)], ["2025-11-05"]),
        ([], [("2025-11-05", "2025-12-02", True)], ["2025-11-05"]),
        (["2025-11-05"], [("2025-11-05", "2025-12-02", True), ("2025-11-05", "2025-12-03", False)], ["2025-11-05"]),
        ([], [("2025-11-05", "2025-12-02", False), ("2025-11-05", "2025-12-03", True)], []),
    ],
)
def test_a_persons_days_are_those_known_on_the_day(now, changes, then):
    facts = knowing(book(contract(), user_months=user_days(0, 0, *now)), users=[person(*each) for each in changes])
    known = people_as_known(facts, LANDMARK)
    assert known.to_dict("records") == user_days(0, 0, *then)


def test_a_landmark_learns_nothing_that_came_after_it_and_a_later_one_does():
    usage = np.ones((2, 1, DAYS))
    usage[0, 0, at("2025-11-20")] = 500
    honest = usage.copy()
    honest[0, 0, at("2025-11-20")] = 1
    contracts = (contract(), contract(account=1))
    later = knowing(book(*contracts, usage=usage), [late("2025-11-20", "2025-12-10", 499, 500)])
    without = book(*contracts, usage=honest)
    for on, is_known in (("2025-12-09", False), ("2025-12-10", True)):
        landmark = day(on).item().date()
        assert features_as_of(later, landmark).equals(features_as_of(without, landmark)) is not is_known


def test_with_hindsight_everything_counts_as_known_when_it_happened():
    gone = {"account": 0, "role": "champion", "joined_on": day("2024-01-01"), "left_on": day("2025-11-01"),
            "known_left_on": day("2025-12-20")}  # fmt: skip
    facts = knowing(
        book(
            contract(ended="2025-11-25", known="2025-12-30"),
            contract(account=1, ended="2025-12-31", known="2025-10-01"),
            interactions=[talk(on="2025-11-01", known="2025-12-24")],
            contacts=[gone],
        ),
        [late("2025-11-20", "2025-12-10", 1, 1)],
    )
    known = with_hindsight(facts).check()
    assert known.late_usage.empty
    assert list(known.subscriptions["known_end_on"]) == [day("2025-11-25"), day("2025-10-01")]
    assert (known.interactions["known_on"] == known.interactions["happened_on"]).all()
    assert (known.contacts["known_left_on"] == known.contacts["left_on"]).all()
