"""Each night the model in force is held against the book; a breach is told to a leader once, and never acted on."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import select

from app.accounts import movements
from app.extensions import db
from app.health import queries, scoring
from app.health.model import checking
from app.health.models import ChurnScore, ModelCheck
from app.playbooks.models import Task
from app.playbooks.tasks.warning import QUIET, warn_of_model
from ml.drift import reference_of
from tests.books import days_ago, stretch, subscribe, write_accounts
from tests.cast import NOW, TODAY


def signals(shift=0.0, accounts=400):
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {"usage_habit": rng.normal(1 + shift, 0.3, accounts), "tenure": rng.normal(20 + 30 * shift, 5, accounts)}
    )


def breach_on(day):
    """Check a book that has stood moved for a week by then; gives the last check."""
    nights = [checking.check_model(day - timedelta(days=ago), signals(shift=0.5)) for ago in range(6, -1, -1)]
    return nights[-1]


@pytest.fixture
def in_force(champion):
    """The champion, with what the book looked like when it was trained."""
    artifact = champion.artifact["model"]
    champion.artifact = {"model": artifact | {"about": {"reference": reference_of(signals())}}}
    db.session.flush()
    return champion


def test_a_book_that_looks_as_in_training_is_no_breach(in_force):
    check = checking.check_model(TODAY, signals())
    assert (check.model_version_id, check.accounts, check.breach, check.kept) == (in_force.id, 400, "", {})
    assert [(each["code"], each["has_moved"]) for each in check.drift] == [("usage_habit", False), ("tenure", False)]


def test_a_book_that_has_moved_is_said_so_in_words(in_force):
    check = breach_on(TODAY)
    assert check.breach.startswith(
        "Usage against its habit has moved in the book as a whole since the model was trained"
    )
    assert {each["title"] for each in check.drift} == {"Usage against its habit", "Tenure"}


def test_what_moves_for_less_than_a_week_is_shown_and_raises_no_alarm(in_force):
    for night in range(7):
        weekend = 0.5 if night < 6 else 0.0
        check = checking.check_model(TODAY - timedelta(days=night), signals(shift=weekend))
    check = checking.check_model(TODAY, signals(shift=0.5))
    habit = next(each for each in check.drift if each["code"] == "usage_habit")
    assert (habit["has_moved"], habit["lasts"], check.breach) == (True, False, "")


def test_that_accounts_grow_older_is_no_breach(in_force):
    older = signals()
    older["tenure"] += 12
    assert checking.check_model(TODAY, older).breach == ""


def test_without_a_model_or_accounts_nothing_is_checked(workspace, champion):
    assert checking.check_model(TODAY, signals(accounts=0)) is None
    champion.state = "retired"
    assert checking.check_model(TODAY, signals()) is None


def test_checked_again_on_the_same_day_the_newer_check_stands(in_force):
    assert breach_on(TODAY).breach
    checking.check_model(TODAY, signals())
    assert queries.model_checks(1)[0].breach == ""


@pytest.fixture
def foretold(in_force):
    """Give accounts a risk that was told `days` ago; the first `left` of them are gone since."""

    def tell(accounts, left, risk, days=90):
        names = [f"a{n}" for n in range(accounts)]
        ids = write_accounts(*names)
        ends = [days_ago(days - 10) if n < left else None for n in range(accounts)]
        subscribe(*(stretch(name, 100, days_ago(700), end) for name, end in zip(names, ends, strict=True)))
        movements.rebuild()
        fields = {"basis": "model", "model_version_id": in_force.id, "survival": [], "average_90": 0.1, "reasons": []}
        risks = dict.fromkeys(("risk_30", "risk_90", "risk_180", "risk_365"), risk)
        db.session.add_all(ChurnScore(account_id=each, scored_on=days_ago(days), **fields, **risks) for each in ids)
        db.session.flush()

    return tell


def test_risks_that_came_true_are_counted_beside_what_was_expected(foretold):
    foretold(40, left=5, risk=0.1)
    check = checking.check_model(TODAY, signals())
    assert {key: check.kept[key] for key in ("days", "accounts", "expected", "left")} == {
        "days": 90, "accounts": 40, "expected": 4.0, "left": 5,
    }  # fmt: skip
    assert check.kept["low"] < 4 < check.kept["high"]
    assert check.breach == ""


def test_far_more_losses_than_foretold_are_a_breach(foretold):
    foretold(40, left=20, risk=0.05)
    assert "20 left within 90 days, more than the 2 it foretold" in checking.check_model(TODAY, signals()).breach


def test_before_90_days_have_passed_the_30_day_risks_are_looked_at(foretold):
    foretold(40, left=1, risk=0.05, days=32)
    assert checking.check_model(TODAY, signals()).kept["days"] == 30


def test_the_night_in_which_the_whole_book_is_scored_checks_the_model(workspace, lived, champion):
    scoring.score_accounts(workspace, TODAY, [lived.busy])
    assert queries.model_checks(5) == []
    scoring.score_accounts(workspace, TODAY)
    (check,) = queries.model_checks(5)
    assert (check.checked_on, check.accounts, check.drift) == (TODAY, 3, [])


# --- who is told ---


def tasks():
    return db.session.scalars(select(Task)).all()


def test_a_breach_gives_one_leader_one_task_however_often_it_is_found(cast, in_force):
    breach_on(TODAY)
    task = warn_of_model(TODAY, NOW)
    assert (task.owner_id, task.account_id, task.is_open) == (cast.leader.id, None, True)
    assert task.advice.startswith("Usage against its habit has moved")
    for night in range(1, 4):
        breach_on(TODAY + timedelta(days=night))
        assert warn_of_model(TODAY + timedelta(days=night), NOW + timedelta(days=night)) is None
    assert len(tasks()) == 1


def test_a_breach_that_lasts_is_told_again_after_a_month(cast, in_force):
    breach_on(TODAY)
    warn_of_model(TODAY, NOW)
    later = TODAY + QUIET + timedelta(days=1)
    breach_on(later)
    assert warn_of_model(later, NOW + QUIET + timedelta(days=1)) is not None


def test_no_breach_is_no_task_and_no_training(cast, in_force):
    checking.check_model(TODAY, signals())
    assert warn_of_model(TODAY, NOW) is None
    assert tasks() == []
    assert db.session.scalars(select(ModelCheck.told_at)).all() == [None]
    assert len(queries.model_versions(5)) == 1
