"""A receipt opens a score, and the difference of two adds up to the change."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import tenancy
from app.extensions import db
from app.health import queries, receipts
from app.health.models import HealthScore
from app.health.receipts import Line, Receipt, difference, in_words, receipt_of
from app.health.scorecard import DEFAULT, SIGNALS, Card, share_of_each
from tests.books import write_accounts

CARD = Card.of(DEFAULT)
N = len(CARD.measures)


def receipt(points):
    """Make a receipt whose measures have these points, as scoring would keep it."""
    shares = share_of_each(CARD, points)
    known = [share for share in shares if share is not None]
    kept = HealthScore(
        account_id=1, scored_on=date(2026, 1, 1), score=sum(known) if known else None, values=[], before=[]
    )
    lines = [Line(m, CARD.titles[m.dimension], p, p, s) for m, p, s in zip(CARD.measures, points, shares, strict=True)]
    return Receipt(kept, CARD, 1, tuple(lines))


some = st.lists(st.none() | st.floats(0, 100), min_size=N, max_size=N)


@given(some, some)
def test_the_parts_of_a_change_add_up_to_it_also_when_figures_become_known_or_unknown(now, before):
    after, first = receipt(now), receipt(before)
    parts = difference(after, first)
    if after.score.score is None or first.score.score is None:
        assert parts == []
    else:
        assert sum(part.points for part in parts) == pytest.approx(after.score.score - first.score.score, abs=1e-6)
        assert [abs(part.points) for part in parts] == sorted((abs(part.points) for part in parts), reverse=True)


@given(st.lists(st.floats(0, 100), min_size=N, max_size=N), st.integers(0, N - 1), st.floats(0, 100))
def test_a_single_figure_that_moved_is_the_only_part(points, which, to):
    parts = difference(receipt([*points[:which], to, *points[which + 1 :]]), receipt(points))
    assert [part.title for part in parts] in ([], [CARD.measures[which].title])
    assert {part.because for part in parts} <= {"its figure moved"}


def test_what_became_unknown_is_told_as_such():
    points = [50.0] * (N - 1)
    (part,) = difference(receipt([None, *points]), receipt([100.0, *points]))
    assert (part.title, part.because) == (CARD.measures[0].title, "became known or unknown")
    assert part.points < 0


def test_scores_of_different_cards_are_not_compared():
    other = Card.of(DEFAULT | {"hysteresis": 9.0})
    then = receipt([50.0] * N)
    assert difference(receipt([60.0] * N), Receipt(then.score, other, 2, then.lines)) == []


@pytest.fixture
def kept(workspace):
    """A score in the database, in which one figure is known of each dimension but one."""
    (acme,) = write_accounts("acme")
    row, _ = queries.scorecard_in_force()
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


def test_the_default_card_is_published_once_in_each_workspace(cast):
    first, _ = queries.scorecard_in_force()
    again, _ = queries.scorecard_in_force()
    assert first.id == again.id
    with tenancy.workspace(cast.elsewhere.id):
        assert queries.scorecard_in_force()[0].workspace_id == cast.elsewhere.id


def test_a_receipt_of_nothing_known_brings_nothing():
    nothing = receipt([None] * N)
    assert nothing.score.score is None
    assert len(nothing.unknown) == N
    assert all(
        points is None for _, points, _ in receipts.Receipt(nothing.score, CARD, 1, nothing.lines).by_dimension()
    )
