"""Which renewals fell in a period, and what of each was kept."""

from datetime import date

import pytest

from app.accounts.renewing import renewals_due
from tests.books import stretch, subscribe, write_accounts

MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)
DUE = date(2026, 3, 15)
BEFORE = date(2025, 3, 15)


def due(*stretches, first=MARCH, before=APRIL):
    write_accounts("acme", "other")
    subscribe(*stretches)
    return renewals_due(first, before)


@pytest.mark.parametrize(
    ("stretches", "expected"),
    [
        ([stretch("acme", 100, BEFORE)], [(100, 100)]),
        ([stretch("acme", 100, BEFORE, DUE)], [(100, 0)]),
        ([stretch("acme", 100, BEFORE, DUE), stretch("acme", 70, DUE)], [(100, 70)]),
        ([stretch("acme", 100, BEFORE, DUE), stretch("acme", 130, DUE)], [(100, 130)]),
        ([stretch("acme", 100, BEFORE, date(2026, 2, 1))], []),
        ([stretch("acme", 100, BEFORE, term_months=1)], []),
        ([stretch("acme", 100, BEFORE, term_months=None)], []),
        ([stretch("acme", 100, BEFORE, is_trial=True)], []),
        ([stretch("acme", 100, DUE)], []),
        ([stretch("acme", 100, date(2025, 3, 1))], [(100, 100)]),
        ([stretch("acme", 100, date(2025, 4, 1))], []),
        ([stretch("acme", 100, date(2020, 3, 15))], [(100, 100)]),
        ([stretch("acme", 100, date(2025, 12, 31), term_months=3)], [(100, 100)]),
    ],
    ids=[
        "kept", "lost", "kept in part", "kept and more", "ended before", "monthly", "no term", "trial", "just begun",
        "first day of the period", "day after the period", "sixth year", "end of a month",
    ],
)  # fmt: skip
def test_a_renewal_is_due_at_what_was_paid_the_day_before_and_kept_at_what_is_paid_then(workspace, stretches, expected):
    assert due(*stretches) == expected


def test_all_that_an_account_pays_stands_at_a_renewal_but_no_trial(workspace):
    other = stretch("acme", 40, date(2025, 9, 1), external_id="other")
    trial = stretch("acme", 999, date(2026, 3, 10), external_id="trial", is_trial=True)
    assert due(stretch("acme", 100, BEFORE), other, trial) == [(140, 140)]


def test_two_contracts_that_renew_on_one_day_are_one_renewal(workspace):
    assert due(stretch("acme", 100, BEFORE, external_id="a"), stretch("acme", 50, BEFORE, DUE, external_id="b")) == [
        (150, 100)
    ]


def test_each_account_and_each_term_in_the_period_counts(workspace):
    found = due(stretch("acme", 100, BEFORE), stretch("other", 9, BEFORE, term_months=3), first=date(2025, 6, 1))
    assert sorted(found) == [(9, 9), (9, 9), (9, 9), (9, 9), (100, 100)]
