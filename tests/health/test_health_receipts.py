"""A receipt opens a score, and the difference of two adds up to the change."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import tenancy
from app.extensions import db
from app.health.cards.choosing import cards_in_force
from app.health.cards.defaults import DEFAULT, ONBOARDING
from app.health.models import HealthScore, ScoreOverride
from app.health.receipts import Line, Receipt, difference, in_tenths, in_words, points_of, receipt_of
from app.health.scorecard import SIGNALS, Card, share_of_each
from tests.books import write_accounts

CARD, EARLY = Card.of(DEFAULT), Card.of(ONBOARDING)
FINE = dict.fromkeys(SIGNALS, 0.5)


def receipt(known, card=CARD, override=None, name="Default"):
    """Make a receipt of known figures {signal: value}, as scoring would keep it."""
    values = [known.get(code) for code in SIGNALS]
    points = points_of(card, SIGNALS, values)
    shares = share_of_each(card, points)
    brought = [share for share in shares if share is not None]
    computed = sum(brought) if brought else None
    shown = computed if override is None else override
    judged = None if override is None else ScoreOverride(id=1, score=override, reason="They told me.")
    kept = HealthScore(
        account_id=1, scored_on=date(2026, 1, 1), score=shown, computed=computed, values=values, before=[]
    )
    lines = [
        Line(m, card.titles[m.dimension], known.get(m.signal), p, s)
        for m, p, s in zip(card.measures, points, shares, strict=True)
    ]
    return Receipt(kept, card, name, 1, tuple(SIGNALS), tuple(lines), judged)


def kinds(parts):
    return {part.kind for part in parts}


figures = st.fixed_dictionaries({code: st.none() | st.floats(-5, 200) for code in SIGNALS})
any_receipt = st.builds(
    receipt, figures, st.sampled_from([CARD, EARLY]), st.none() | st.floats(0, 100), st.sampled_from(["Default", "New"])
)


@given(any_receipt, any_receipt)
def test_the_parts_of_any_change_add_up_to_it(now, before):
    parts = difference(now, before)
    if now.score.score is None or before.score.score is None:
        assert parts == []
    else:
        assert sum(part.points for part in parts) == pytest.approx(now.score.score - before.score.score, abs=1e-6)
        assert [abs(part.points) for part in parts] == sorted((abs(part.points) for part in parts), reverse=True)


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=12), st.floats(-0.1, 0.1))
def test_parts_to_one_decimal_add_up_to_the_total_as_it_is_shown(parts, rounding):
    total = sum(parts) + rounding
    shown = in_tenths(parts, total)
    assert round(sum(shown), 1) == pytest.approx(round(10 * total) / 10)
    assert all(abs(one - other) < 0.2 for one, other in zip(shown, parts, strict=True))


@given(figures, figures)
def test_without_another_card_or_a_judgement_only_figures_and_what_is_known_count(now, before):
    assert kinds(difference(receipt(now), receipt(before))) <= {"data", "missing"}


@given(figures)
def test_the_same_figures_on_another_card_differ_by_configuration_alone(known):
    assert kinds(difference(receipt(known, EARLY), receipt(known))) <= {"configuration"}


@given(figures, st.floats(0, 100))
def test_a_judgement_that_begins_or_ends_is_the_only_part_where_nothing_else_moved(known, score):
    begun, ended = receipt(known, override=score), receipt(known)
    assert kinds(difference(begun, ended)) | kinds(difference(ended, begun)) <= {"override"}


def test_a_single_figure_that_moved_is_the_only_part():
    (part,) = difference(receipt(FINE | {"overdue": 45.0}), receipt(FINE | {"overdue": 0.0}))
    assert (part.kind, part.title, part.because) == ("data", "Oldest overdue invoice", "its figure moved")
    assert part.points == pytest.approx(-15 * 0.4)  # all of its weight, of 100


def test_what_became_unknown_is_told_as_such():
    known = {code: value for code, value in FINE.items() if code != "overdue"}
    (part,) = difference(receipt(known), receipt(FINE | {"overdue": 0.0}))
    assert (part.kind, part.title, part.because) == ("missing", "Oldest overdue invoice", "became known or unknown")
    assert part.points < 0


def test_a_judgement_says_its_reason_and_a_change_of_card_names_both():
    (part,) = difference(receipt(FINE, override=20.0), receipt(FINE))
    assert part.because == "They told me."
    (part,) = difference(receipt(FINE, EARLY, name="Onboarding"), receipt(FINE))
    assert part.title == "Scorecard Onboarding 1, before Default 1"


@pytest.fixture
def kept(workspace):
    """A score in the database, in which one figure is known of each dimension but one."""
    (acme,) = write_accounts("acme")
    row = cards_in_force()[-1]
    known = {"days_since_use": 4.0, "urgent_tickets": 1.0, "overdue": 10.0, "champion_left": 0.0, "tenure": 9.0}
    values = [known.get(code) for code in SIGNALS]
    score = HealthScore(account_id=acme, scored_on=date(2026, 11, 20), scorecard_id=row.id, score=70.0, coverage=0.4,
                        band="steady", values=values, before=[None] * len(SIGNALS))  # fmt: skip
    db.session.add(score)
    db.session.flush()
    return score


def test_a_receipt_reads_the_kept_figures_with_the_card_they_were_scored_with(kept):
    opened = receipt_of(kept)
    lines = {line.measure.signal: line for line in opened.lines}
    assert (lines["days_since_use"].value, lines["days_since_use"].points) == (4.0, 90)
    assert (lines["urgent_tickets"].points, lines["overdue"].points) == (60, 60)
    assert {line.measure.signal for line in opened.unknown} == {m.signal for m in CARD.measures} - {
        "days_since_use", "urgent_tickets", "overdue", "champion_left",
    }  # fmt: skip
    assert opened.version == 1


def test_dimensions_stand_in_their_order_with_the_mean_of_what_is_known(kept):
    told = {title: points for title, points, _ in receipt_of(kept).by_dimension()}
    assert list(told) == list(CARD.titles.values())
    assert (told["Adoption"], told["Engagement"], told["Commercial"]) == (90, None, 60)


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (None, "share", "unknown"), (0.4, "share", "40 %"), (0.25, "change", "+25 %"), (-0.25, "change", "−25 %"),
        (1.234, "ratio", "1.23 ×"), (1, "days", "1 day"), (12.4, "days", "12 days"), (3.0, "count", "3"),
        (-0.45, "count", "−0.5"), (0, "change", "0 %"),
    ],
)  # fmt: skip
def test_a_figure_is_written_with_its_unit(value, unit, words):
    assert in_words(value, unit) == words


def test_the_default_cards_are_published_once_in_each_workspace(cast):
    first, again = cards_in_force(), cards_in_force()
    assert [each.id for each in first] == [each.id for each in again]
    assert [(each.name, each.segment) for each in first] == [("Onboarding", {"stage": "onboarding"}), ("Default", {})]
    with tenancy.workspace(cast.elsewhere.id):
        assert {each.id for each in cards_in_force()}.isdisjoint(each.id for each in first)


def test_a_receipt_of_nothing_known_brings_nothing():
    nothing = receipt({})
    assert nothing.score.score is None
    assert len(nothing.unknown) == len(CARD.measures)
    assert all(points is None for _, points, _ in nothing.by_dimension())


@pytest.mark.parametrize(("band", "held_against"), [("watch", None), ("steady", "watch")])
def test_a_receipt_says_when_a_band_is_held_against_its_points(band, held_against):
    opened = receipt(FINE, override=74.0)
    opened.score.band = band
    assert opened.held_against == held_against
