"""The chance to pay less, or more, is told beside the risk to leave, with what it rests on."""

import numpy as np
import pytest
from sqlalchemy import select

from app.extensions import db
from app.health import queries, scoring
from app.health.models import ChurnScore, MoveModel
from app.health.moves.learning import train_moves
from app.health.moves.rates import MONTHS_AHEAD, PRIOR_MONTHS, PRIOR_MOVES, move_rates
from ml.artifacts import dump
from ml.features import MONTHS
from ml.hazard.model import HazardModel, Shape
from tests.books import days_ago, stretch, subscribe
from tests.cast import TODAY
from tests.health.conftest import summarise


@pytest.fixture
def expansion(workspace) -> MoveModel:
    """Put a small model of expansions in force that believes in the days since the last use alone."""
    table = np.array([0.8, -0.3, -1.6, 0.0])[:, None, None] * np.ones((4, 2, MONTHS))
    base = np.array([[-4.0], [-2.0]]) * np.ones((2, MONTHS))
    model = HazardModel("by hand", base, (Shape("days_since_use", np.array([2.0, 20.0]), table),))
    kept = MoveModel(kind="expansion", verdict=[], report={}, artifact={"model": dump(model)}, trained_on=TODAY)
    db.session.add(kept)
    db.session.flush()
    return kept


def scores():
    db.session.expire_all()
    return {row.account_id: row for row in db.session.scalars(select(ChurnScore))}


def test_without_a_model_the_chance_is_the_rate_of_the_tier_and_says_so(workspace, lived):
    scoring.score_accounts(workspace, TODAY)
    for row in scores().values():
        for kind, chance in (("contraction", row.contraction_90), ("expansion", row.expansion_90)):
            told = row.moves[kind]
            assert (told["basis"], told["reasons"]) == ("base rate", [])
            assert 0 < chance < 1
            assert chance == pytest.approx(told["average"], abs=1e-5)


def test_before_any_history_the_rate_is_the_prior(workspace):
    rates = move_rates("expansion", TODAY)
    assert rates.book == PRIOR_MOVES / PRIOR_MONTHS
    assert rates.chances([None])[0] == pytest.approx(1 - (1 - rates.book) ** MONTHS_AHEAD)


def test_moves_of_the_past_year_raise_the_rate(workspace, lived):
    more, less = (move_rates(kind, TODAY).book for kind in ("expansion", "contraction"))
    subscribe(stretch("busy", 6_000_00, days_ago(100), external_id="more"))
    summarise()
    assert move_rates("expansion", TODAY).book > more
    assert move_rates("contraction", TODAY).book == less


def test_a_models_reasons_add_up_and_leave_the_risk_alone(workspace, lived, champion, expansion):
    scoring.score_accounts(workspace, TODAY)
    for row in scores().values():
        told = row.moves["expansion"]
        assert told["basis"] == "model"
        points = sum(reason["points"] for reason in told["reasons"])
        assert points == pytest.approx(100 * (row.expansion_90 - told["average"]), abs=0.01)
        assert row.moves["contraction"]["basis"] == "base rate"
        assert sum(r["points"] for r in row.reasons) == pytest.approx(100 * (row.risk_90 - row.average_90), abs=0.01)


def test_by_day_one_account_is_held_against_the_average_of_the_night(workspace, lived, expansion):
    scoring.score_accounts(workspace, TODAY)
    night = scores()[lived.falling]
    scoring.score_accounts(workspace, TODAY, [lived.falling])
    assert scores()[lived.falling].moves == night.moves


def test_a_hint_says_what_the_risk_would_be_and_is_kept_with_its_reason(workspace, lived, champion):
    scoring.score_accounts(workspace, TODAY)  # three accounts are too few for a typical one
    assert all("hint" not in reason for row in scores().values() for reason in row.reasons)
    champion.artifact = champion.artifact | {"typical": {"days_since_use": 0.0}}
    db.session.flush()
    scoring.score_accounts(workspace, TODAY, [lived.falling])
    told = {reason["code"]: reason for reason in scores()[lived.falling].reasons}
    assert told["days_since_use"]["hint"].startswith("If it had been used today, the risk would be about ")
    assert all("hint" not in reason for code, reason in told.items() if code != "days_since_use")


def test_a_book_too_small_to_learn_from_keeps_the_refusal(workspace, lived, expansion):
    kept = train_moves(workspace, TODAY)
    assert [(each.kind, each.artifact) for each in kept] == [("contraction", None), ("expansion", None)]
    assert all(each.verdict[0].startswith("No model of ") for each in kept)
    assert queries.move_models()["expansion"].id == kept[1].id


def test_a_workspace_without_accounts_learns_nothing(workspace):
    assert train_moves(workspace, TODAY) == []
