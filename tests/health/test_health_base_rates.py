"""Without a model, a risk is how often accounts of the kind left, drawn towards the book where there are few."""

from datetime import date

import numpy as np
import pytest

from app.accounts import movements
from app.health import dating, queries
from app.health.model import learning
from app.health.model.base_rates import (
    PRIOR_BROKEN,
    PRIOR_CHURNS,
    PRIOR_LOST,
    PRIOR_MONTHS,
    PRIOR_RENEWALS,
    PRIOR_SILENT,
    base_rates,
)
from app.health.models import ModelVersion
from tests.books import at, days_ago, say, stretch, subscribe, use, write_accounts
from tests.cast import NOW, TODAY

PRIOR = PRIOR_CHURNS / PRIOR_MONTHS


def expected(lost, fell, silent, told):
    """Of `told` losses whose notice is known `silent` had said nothing so far ahead; so of all that are lost, the
    prior's among them, and those who have said so are no longer asked."""
    share = (silent + PRIOR_SILENT / 2) / (told + PRIOR_SILENT)
    all_lost = lost + PRIOR_LOST
    return pytest.approx(all_lost * share / (fell + PRIOR_RENEWALS - all_lost * (1 - share)))


def test_before_any_history_the_prior_speaks(workspace):
    rates = base_rates(TODAY)
    assert (rates.book, rates.monthly) == (PRIOR, {})
    assert set(rates.at_renewal) == {PRIOR_LOST / PRIOR_RENEWALS}


def monthly(tier, *ends):
    """Write accounts of a tier on monthly contracts for two years, some of which have ended."""
    names = [f"{tier}-{n}" for n in range(len(ends))]
    write_accounts(*names, tier=tier)
    subscribe(*(stretch(name, 100, days_ago(730), end, term_months=1) for name, end in zip(names, ends, strict=True)))
    movements.rebuild()


def test_a_tier_that_loses_more_is_told_more_though_drawn_towards_the_book(workspace):
    monthly("gold", *[None] * 20)
    monthly("basic", *[days_ago(180)] * 10, *[None] * 10)
    rates = base_rates(TODAY)
    plain = 10 / ((10 * 365 + 10 * 185) / 30.4)
    assert rates.monthly["gold"] < rates.book < rates.monthly["basic"] < plain
    months = (30 * 365 + 10 * 185) / 30.4
    assert rates.book == pytest.approx((10 + PRIOR_CHURNS) / (months + PRIOR_MONTHS), rel=1e-3)


def test_losses_of_more_than_a_year_ago_or_still_ahead_do_not_count(workspace):
    monthly("gold", days_ago(366), days_ago(-10), None)
    rates = base_rates(TODAY)
    assert rates.book < PRIOR


def test_a_term_is_lost_at_its_renewals(workspace):
    names = [f"t{n}" for n in range(10)]
    write_accounts(*names)
    subscribe(*(stretch(name, 100, days_ago(465), days_ago(100) if n < 4 else None) for n, name in enumerate(names)))
    movements.rebuild()
    rates = base_rates(TODAY)
    assert rates.at_renewal == expected(lost=4, fell=10, silent=4, told=4)
    assert rates.book == PRIOR
    months = (6 * 365 + 4 * 265) / 30.4
    assert rates.within_term == pytest.approx(PRIOR_BROKEN / (months + PRIOR_MONTHS), rel=1e-3)


def test_who_gave_no_notice_although_the_renewal_is_near_is_likelier_to_stay(workspace):
    names = [f"t{n}" for n in range(10)]
    write_accounts(*names)
    ends = {"end_known_at": at(days_ago(150))}
    subscribe(
        *(
            stretch(name, 100, days_ago(465), days_ago(100), **ends) if n < 4 else stretch(name, 100, days_ago(465))
            for n, name in enumerate(names)
        )
    )
    movements.rebuild()
    near, far = base_rates(TODAY).at_renewal[[1, 2]]
    assert near == expected(lost=4, fell=10, silent=0, told=4), "46 days before, all four had said so"
    assert far == expected(lost=4, fell=10, silent=4, told=4), "76 days before, nobody had"
    assert near < PRIOR_LOST / PRIOR_RENEWALS < far


def test_a_term_broken_off_between_renewals_makes_leaving_then_likelier(workspace):
    names = [f"t{n}" for n in range(10)]
    write_accounts(*names)
    subscribe(*(stretch(name, 100, days_ago(465), days_ago(30) if n < 4 else None) for n, name in enumerate(names)))
    movements.rebuild()
    rates = base_rates(TODAY)
    assert rates.at_renewal == expected(lost=0, fell=10, silent=4, told=4)
    months = (6 * 365 + 4 * 335) / 30.4
    assert rates.within_term == pytest.approx((4 + PRIOR_BROKEN) / (months + PRIOR_MONTHS), rel=1e-3)


def test_terms_leave_mostly_at_their_renewal_and_months_in_any(workspace):
    rates = base_rates(TODAY)
    flags = np.array([[False, True, False], [True, True, True]])
    told = rates.hazards(["gold", None], flags, np.array([True, False]))
    assert told.tolist() == [
        [rates.within_term, rates.at_renewal[1], rates.within_term],
        [rates.book] * 3,
    ]
    assert 0 < rates.within_term < rates.book


def test_a_book_too_small_to_learn_from_is_refused_in_words(workspace):
    write_accounts("acme")
    subscribe(stretch("acme", 100, days_ago(400)))
    use("acme", {days_ago(n): 1.0 for n in range(0, 300, 3)})
    version = learning.train(workspace, TODAY)
    assert (version.state, version.artifact, version.trained_on) == ("refused", None, TODAY)
    assert version.verdict[0].startswith("No model can be trusted here: ")
    assert "churned" in version.verdict[0]
    assert queries.find_champion() is None
    assert queries.find_latest_model().id == version.id


def test_a_short_history_is_refused_in_words(workspace):
    write_accounts("acme")
    subscribe(stretch("acme", 100, days_ago(40)))
    use("acme", {days_ago(n): 1.0 for n in range(30)})
    assert "months of history" in learning.train(workspace, TODAY).verdict[0]


def test_an_empty_workspace_is_refused_in_words(workspace):
    assert learning.train(workspace, TODAY).verdict == ["No model can be trusted here: there is no account yet."]


def test_a_refusal_leaves_the_champion_in_force(workspace, champion):
    write_accounts("acme")
    learning.train(workspace, TODAY)
    assert queries.find_champion().id == champion.id
    assert queries.find_latest_model().state == "refused"


def test_of_a_very_large_book_every_nth_account_is_read():
    assert learning._sample(list(range(100))) == list(range(100))
    sampled = learning._sample(list(range(100_000)))
    assert 2 * learning.MOST_ACCOUNTS <= len(sampled) < 3 * learning.MOST_ACCOUNTS


@pytest.fixture
def old_book(workspace):
    write_accounts("acme")
    subscribe(stretch("acme", 100, date(2024, 1, 1)))
    say("acme", {"happened_at": at(date(2025, 6, 30))})
    return workspace


def test_a_book_of_last_year_is_read_as_of_its_newest_day(old_book):
    assert dating.settle(old_book, NOW) == date(2025, 6, 30) == old_book.book_day


def test_a_book_that_lives_is_read_as_of_today(old_book):
    say("acme", {"happened_at": at(days_ago(35))})
    assert dating.settle(old_book, NOW) == TODAY
    assert old_book.book_day is None


def test_a_demo_is_old_sooner(old_book):
    say("acme", {"happened_at": at(days_ago(3))})
    assert dating.settle(old_book, NOW) == TODAY
    old_book.is_demo = True
    assert dating.settle(old_book, NOW) == days_ago(3)


def test_what_lies_ahead_does_not_make_a_book_young(old_book):
    say("acme", {"happened_at": at(days_ago(-30))})
    subscribe(stretch("acme", 200, days_ago(-60), external_id="next"))
    assert dating.settle(old_book, NOW) == date(2025, 6, 30)


def test_a_workspace_without_facts_is_read_as_of_its_own_today(workspace):
    workspace.time_zone = "Pacific/Auckland"
    assert dating.settle(workspace, NOW.replace(hour=23)) == days_ago(-1)


def test_a_champion_is_followed_by_a_better_trained_one(workspace, champion):
    assert queries.find_champion().id == champion.id
    champion.state = "retired"
    assert queries.find_champion() is None
    assert isinstance(queries.find_latest_model(), ModelVersion)
