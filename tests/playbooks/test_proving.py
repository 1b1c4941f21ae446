"""The verdict, in words."""

from hypothesis import given, settings
from hypothesis import strategies as some

from app.playbooks.proving import Tally, base_rate, prove
from app.playbooks.trial.evidence import Batch

counts = some.integers(0, 100).flatmap(lambda of: some.tuples(some.just(of), some.integers(0, of)))
batches = some.lists(some.tuples(counts, counts).map(lambda pair: Batch(*pair[0], *pair[1])), max_size=3).map(tuple)


def test_before_any_outcome_it_says_how_many_accounts_it_needs():
    proof = prove(Tally(0.5, mean_risk=0.3))
    assert proof.state == "waiting"
    assert proof.verdict == "Not enough data yet: needs about 1,100 more accounts."
    assert (proof.lift, proof.known_lift) == (None, None)


def test_a_tenth_held_out_needs_many_more_than_a_half():
    assert prove(Tally(0.1, mean_risk=0.3)).needed > 2.5 * prove(Tally(0.5, mean_risk=0.3)).needed


def test_accounts_that_came_already_are_taken_off_what_it_needs():
    months = (Batch(50, 10, 50, 10),)
    before, after = prove(Tally(0.5, mean_risk=0.2)), prove(Tally(0.5, months, mean_risk=0.2))
    assert after.state == "waiting"
    assert before.needed == after.needed == 1_715
    assert after.verdict == "Not enough data yet: needs about 1,700 more accounts."


def test_a_playbook_that_keeps_accounts_is_said_to_work():
    proof = prove(Tally(0.2, (Batch(400, 60, 100, 30), Batch(400, 56, 100, 29))))
    assert proof.state == "works"
    assert proof.verdict == "It works: 15 points more accounts stay (95 % interval 9 to 22)."
    assert proof.known_lift == proof.lift > 0.14


def test_a_playbook_that_drives_accounts_away_is_said_to_do_harm_and_has_no_lift_to_rank_by():
    proof = prove(Tally(0.2, (Batch(400, 120, 100, 10), Batch(400, 116, 100, 12))))
    assert proof.state == "harms"
    assert proof.verdict.startswith("It does harm: 18 points fewer accounts stay")
    assert proof.known_lift is None


def test_enough_accounts_without_a_difference_is_an_answer_too():
    proof = prove(Tally(0.5, tuple(Batch(200, 40, 200, 41) for _ in range(12))))
    assert proof.state == "unseen"
    assert proof.verdict == "No effect to be seen: the lift lies between −2 and 3 points."


def test_without_a_hold_out_nothing_can_be_proven():
    assert prove(Tally(0.0, (Batch(500, 10, 0, 0),))).verdict == "Nobody is held out, so what it does cannot be known."


def test_open_months_count_for_the_lift_but_not_for_the_evidence():
    closed = (Batch(50, 10, 50, 12),)
    proof = prove(Tally(0.5, closed, partial=(Batch(50, 0, 50, 50),)))
    assert proof.evidence == prove(Tally(0.5, closed)).evidence
    assert proof.counts == Batch(100, 10, 100, 62)


def test_the_base_rate_leans_on_risk_until_the_held_out_speak():
    assert base_rate(Tally(0.5, mean_risk=0.4)) == 0.4
    assert base_rate(Tally(0.5, (Batch(0, 0, 80, 8),), mean_risk=0.4)) == 0.16


@settings(deadline=None, max_examples=50)
@given(some.sampled_from([0.0, 0.05, 0.1, 0.5]), batches, batches, some.none() | some.floats(0, 1))
def test_every_tally_has_a_verdict_that_fits_its_figures(share, complete, partial, risk):
    proof = prove(Tally(share, complete, partial, risk))
    assert proof.verdict.endswith(".")
    assert proof.evidence > 0
    assert proof.low - 1e-9 <= (proof.lift or 0) <= proof.high + 1e-9 or proof.lift is None
    assert (proof.state in {"works", "harms"}) <= (proof.evidence >= 20)
    assert proof.known_lift is None or proof.known_lift > 0
