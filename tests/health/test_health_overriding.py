"""A person's judgement stands in place of the computed score, is marked as such, ends, and is judged itself."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.accounts.models import Movement
from app.accounts.queries import get_summary
from app.core.problems import NotFoundError, Problem
from app.extensions import db
from app.health import overriding, queries, scoring
from app.health.models import HealthChange
from app.health.overriding import Draft
from app.health.receipts import difference, receipt_of
from tests.cast import NOW, TODAY

TOMORROW = TODAY + timedelta(days=1)


def judge(account_id, score=20.0, until_on=TODAY + timedelta(days=30), reason="They told me.", on=TODAY, computed=80.0):
    return overriding.override(account_id, Draft(score, until_on, reason), computed, 1, on, NOW)


def score(workspace, day=TODAY):
    scoring.score_accounts(workspace, day)
    db.session.expire_all()


def test_a_judgement_stands_in_place_of_the_score_and_its_band_follows(workspace, lived):
    score(workspace)
    computed = queries.score_on(lived.busy, TODAY).score
    judge(lived.busy)
    score(workspace, TOMORROW)
    kept = queries.score_on(lived.busy, TOMORROW)
    assert (kept.score, kept.band) == (20.0, "at risk")
    assert kept.computed == pytest.approx(computed, abs=5)
    assert (get_summary(lived.busy).score, get_summary(lived.busy).band) == (20.0, "at risk")
    change = db.session.scalars(select(HealthChange).where(HealthChange.account_id == lived.busy)).one()
    assert (change.to_band, change.why) == ("at risk", "judged by a person: They told me")


def test_the_receipt_says_who_judged_and_the_parts_of_the_change_add_up(workspace, lived):
    score(workspace)
    judge(lived.busy)
    score(workspace, TOMORROW)
    now, before = (receipt_of(queries.score_on(lived.busy, day)) for day in (TOMORROW, TODAY))
    assert now.override.reason == "They told me."
    parts = difference(now, before)
    assert parts[0].kind == "override"
    assert sum(part.points for part in parts) == pytest.approx(now.score.score - before.score.score)


def test_it_ends_by_itself_after_its_last_day_and_when_it_is_withdrawn(workspace, lived):
    short = judge(lived.busy, until_on=TODAY)
    assert overriding.overrides_on([lived.busy], TODAY) == {lived.busy: short}
    assert overriding.overrides_on([lived.busy], TOMORROW) == {}
    long = judge(lived.falling)
    overriding.withdraw(long.id, TOMORROW)
    assert list(overriding.overrides_on([lived.falling], TODAY)) == [lived.falling]
    assert overriding.overrides_on([lived.falling], TOMORROW) == {}


def test_a_second_judgement_takes_the_place_of_the_first(workspace, lived):
    judge(lived.busy)
    second = judge(lived.busy, score=90.0)
    assert overriding.overrides_on([lived.busy], TODAY)[lived.busy].id == second.id
    assert second.is_in_force(TODAY)


def test_a_past_day_scored_again_keeps_the_judgement_that_was_in_force_then(workspace, lived):
    made = judge(lived.busy)
    overriding.withdraw(made.id, TOMORROW)
    score(workspace, TODAY)
    assert queries.score_on(lived.busy, TODAY).score == 20.0


@pytest.mark.parametrize(
    ("field", "draft"),
    [
        ("score", Draft(None, TODAY, "x")), ("score", Draft(101, TODAY, "x")), ("until_on", Draft(5, None, "x")),
        ("until_on", Draft(5, TODAY - timedelta(days=1), "x")), ("until_on", Draft(5, TODAY + timedelta(days=181), "x")),
        ("reason", Draft(5, TODAY, "  ")), ("reason", Draft(5, TODAY, "r" * 1_001)),
    ],
)  # fmt: skip
def test_a_judgement_needs_a_score_an_end_and_a_reason(workspace, lived, field, draft):
    with pytest.raises(Problem) as refused:
        overriding.override(lived.busy, draft, 80.0, 1, TODAY, NOW)
    assert [error["pointer"] for error in refused.value.errors] == [field]


def test_an_override_that_does_not_exist_cannot_be_withdrawn(workspace):
    with pytest.raises(NotFoundError):
        overriding.withdraw(7, TODAY)


def test_judgements_are_judged_after_90_days_by_what_happened(workspace, lived):
    long_ago = TODAY - timedelta(days=100)
    db.session.add(
        Movement(
            account_id=lived.falling,
            moved_on=long_ago + timedelta(days=30),
            kind="contraction",
            opening_minor=2,
            closing_minor=1,
        )
    )
    judge(lived.falling, on=long_ago, until_on=long_ago)  # lowered, and it shrank
    judge(lived.busy, on=long_ago, until_on=long_ago)  # lowered, and nothing happened
    judge(lived.monthly, score=95.0, on=long_ago, until_on=long_ago)  # raised, and nothing happened
    judge(lived.busy)  # too young to be judged
    (row,) = overriding.track_record(TODAY)
    assert (row.made, row.judged, row.right, row.card_right) == (4, 3, 2, 1)
