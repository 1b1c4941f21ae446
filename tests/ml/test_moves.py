"""Contraction and expansion are learnt apart from churn, of accounts that stay."""

from datetime import date

import numpy as np
import pytest
from tiny import TODAY, book, contract

from ml.checks.shuffling import fates_shuffled
from ml.labels import Panel, landmarks_before, panel_of
from ml.learning import Lesson
from ml.moves import CONTRACTION, EXPANSION, learn_move, learn_moves, moves_of

LANDMARK = "2025-06-01"


def panel(facts, leaves_in=np.nan, seen_for=200.0):
    rows = len(facts)
    one = np.ones(rows)
    return Panel(
        np.arange(rows), np.full(rows, np.datetime64(LANDMARK, "D")), one[:, None], np.ones((rows, 12), bool), one, one,
        leaves_in * one, seen_for * one,
    )  # fmt: skip


def first_moves(*contracts, landmark_panel=None):
    """Give the days to the first fall and the first rise after the landmark."""
    facts = book(*contracts)
    rows = landmark_panel or panel(facts)
    return tuple(moves_of(facts, rows, TODAY, kind).leaves_in.tolist() for kind in (CONTRACTION, EXPANSION))


NONE = pytest.approx([np.nan], nan_ok=True)


def test_a_smaller_contract_that_follows_is_a_contraction_and_a_larger_one_an_expansion():
    changes = [contract(ended="2025-06-11", arr=1200), contract(started="2025-06-11", ended="2025-07-01", arr=900)]
    assert first_moves(*changes, contract(started="2025-07-01", arr=2000)) == ([10.0], [30.0])


def test_only_what_comes_after_the_landmark_counts():
    assert first_moves(contract(ended=LANDMARK, arr=1200), contract(started=LANDMARK, arr=900)) == (NONE, NONE)


def test_what_one_contract_loses_and_another_gains_on_a_day_is_no_move():
    both = [contract(ended="2025-07-01", arr=500), contract(arr=700), contract(started="2025-07-01", arr=500)]
    assert first_moves(*both) == (NONE, NONE)


def test_leaving_is_no_contraction_and_coming_back_no_expansion():
    gone = [contract(ended="2025-07-01"), contract(started="2025-09-01", arr=9000)]
    assert first_moves(*gone) == (NONE, NONE)


def test_a_second_contract_that_ends_while_the_first_runs_on_is_a_contraction():
    assert first_moves(contract(), contract(ended="2025-08-30", arr=300)) == ([90.0], NONE)


def test_an_end_that_was_not_yet_known_is_no_label():
    assert first_moves(contract(), contract(ended="2025-08-30", known="2026-03-01", arr=300)) == (NONE, NONE)


def test_a_move_of_one_account_is_not_given_to_its_neighbour():
    moves = first_moves(
        contract(account=0), contract(account=1, ended="2025-06-21"), contract(1, "2025-06-21", arr=5.0)
    )
    assert moves[0] == pytest.approx([np.nan, 20.0], nan_ok=True)


def test_a_row_is_out_of_sight_once_its_account_leaves():
    facts = book(contract())
    seen = moves_of(facts, panel(facts, leaves_in=40.0), TODAY, CONTRACTION)
    assert seen.seen_for.tolist() == [40.0]
    assert np.isnan(seen.churned_within(90)).all()


def test_few_moves_are_refused_and_said(book):
    few = book.of_accounts(np.arange(40))
    for learned in learn_moves(few, date(2026, 6, 30), seed=1):
        assert learned.model is None
        assert learned.verdict.sentences[0].startswith(f"No model of {learned.kind}s can be trusted here: ")


@pytest.fixture(scope="module")
def company():
    from app.demo.company import simulate
    from tests.demo_facts import facts_of

    return facts_of(simulate(500, 18, 11, TODAY))


def test_expansions_of_a_simulated_company_are_told_and_come_true(company):
    learned = {each.kind: each for each in learn_moves(company, TODAY, seed=1)}
    told = learned[EXPANSION]
    assert told.verdict.ready
    assert told.report["unseen_months"]["measures"]["roc_auc"]["value"] > 0.7
    assert 0.7 < told.report["unseen_months"]["measures"]["calibration_slope"]["value"] < 1.3
    again = learn_moves(company, TODAY, seed=1)[1]
    assert again.report == told.report


@pytest.mark.parametrize("kind", [CONTRACTION, EXPANSION])
def test_moves_dealt_out_anew_are_refused(company, kind):
    landmarks = landmarks_before(company.first_day, TODAY)
    rows = moves_of(company, panel_of(company, TODAY, landmarks), TODAY, kind)
    learned = learn_move(kind, Lesson(fates_shuffled(rows, seed=1), landmarks, TODAY, seed=1))
    assert learned.model is None
    assert learned.verdict.sentences[0].startswith(f"No model of {kind}s can be trusted here: ")
