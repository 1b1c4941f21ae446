from datetime import date, timedelta

import numpy as np
from tiny import FIRST, TODAY, book, contract, day

from ml.features import EDGES
from ml.labels import landmarks_before, panel_of, periods_of
from ml.splits import account_folds, learnt_by, never_seen

LANDMARK = date(2025, 7, 1)


def months_of(facts, landmark=LANDMARK, as_of=TODAY, until=None):
    periods = periods_of(panel_of(facts, as_of, [landmark]), until)
    return periods.month.tolist(), periods.churned.tolist()


def test_an_account_that_stays_is_seen_in_every_whole_month():
    months, churned = months_of(book(contract()))
    assert months == [1, 2, 3, 4, 5, 6]
    assert not any(churned)
    assert EDGES[6] <= (TODAY - LANDMARK).days < EDGES[7]


def test_a_churn_ends_the_row_in_its_month():
    assert months_of(book(contract(ended="2025-08-15"))) == ([1, 2], [False, True])


def test_a_churn_in_a_month_not_over_yet_is_not_counted():
    assert months_of(book(contract(ended="2025-12-31"))) == ([1, 2, 3, 4, 5, 6], [False] * 6)


def test_a_churn_after_the_data_ends_is_not_known():
    months, churned = months_of(book(contract(ended="2025-08-15")), as_of=date(2025, 8, 10))
    assert (months, churned) == ([1], [False])


def test_an_account_that_had_given_notice_is_left_out():
    assert months_of(book(contract(ended="2025-08-15", known="2025-06-20"))) == ([], [])
    assert months_of(book(contract(ended="2025-08-15", known="2025-07-02"))) == ([1, 2], [False, True])


def test_an_account_already_gone_without_it_being_recorded_is_left_out():
    assert months_of(book(contract(ended="2025-06-20", known="2025-07-10"))) == ([], [])


def test_coming_back_does_not_undo_a_churn():
    facts = book(contract(ended="2025-08-15"), contract(started="2025-10-01"))
    assert months_of(facts) == ([1, 2], [False, True])


def test_months_that_cross_the_cut_are_purged():
    cut = LANDMARK + timedelta(days=75)
    months, churned = months_of(book(contract(ended="2025-09-20")), until=cut)
    assert (months, churned) == ([1, 2], [False, False])


def test_purged_rows_are_those_of_a_panel_made_at_the_cut(book, panel, end):
    cut = end - timedelta(days=150)
    landmarks = landmarks_before(book.first_day, end)
    then = panel_of(book, cut, [mark for mark in landmarks if mark < cut])
    kept = learnt_by(panel, cut)
    assert len(kept) == len(periods_of(then))
    assert kept.churned.sum() == periods_of(then).churned.sum()


def test_a_treated_account_teaches_nothing_until_the_treatment_wore_off():
    treated = [{"account": 0, "from_on": day("2025-09-15")}]
    facts = book(contract(), treated=treated)
    assert months_of(facts)[0] == [1, 2]
    assert months_of(facts, landmark=date(2025, 10, 1))[0] == []


def test_a_horizon_not_fully_seen_has_no_label():
    rows = panel_of(book(contract(ended="2025-08-15")), TODAY, [LANDMARK])
    assert rows.churned_within(30)[0] == 0
    assert rows.churned_within(90)[0] == 1
    assert np.isnan(rows.churned_within(365)[0])


def test_landmarks_leave_room_for_the_signals_windows():
    marks = landmarks_before(FIRST, TODAY)
    assert (marks[0] - FIRST).days >= 118
    assert (TODAY - marks[-1]).days == EDGES[1]
    assert len(landmarks_before(FIRST, FIRST + timedelta(days=80))) == 0


def test_folds_keep_accounts_whole_and_sizes_even(panel):
    fold = account_folds(panel.account, 3, seed=1)
    for account in np.unique(panel.account):
        assert len(np.unique(fold[panel.account == account])) == 1
    sizes = [len(np.unique(panel.account[fold == each])) for each in range(3)]
    assert max(sizes) - min(sizes) <= 1


def test_never_seen_accounts_are_held_out_whole(panel):
    held = never_seen(panel.account, 0.25, seed=1)
    assert not set(panel.account[held]) & set(panel.account[~held])
    assert abs(len(np.unique(panel.account[held])) / len(np.unique(panel.account)) - 0.25) < 0.02
