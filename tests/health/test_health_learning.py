"""The life of a churn model: trained, put in force only where it is better, replaced, brought back."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.core.problems import NotFoundError, Problem
from app.extensions import db
from app.health import queries
from app.health.model import learning, promoting
from app.health.models import ModelVersion
from ml.checks.readiness import Verdict, refused
from ml.hazard.model import HazardModel
from ml.learning import Learned
from tests.books import write_accounts
from tests.cast import TODAY

READY = Verdict(True, ("It ranks well.",))
BETTER = {"difference": -0.01, "low": -0.02, "high": -0.001, "share_lower": 0.97}
NO_BETTER = {"difference": -0.002, "low": -0.007, "high": 0.004, "share_lower": 0.7}
LONG_AGO = (TODAY - timedelta(days=200)).isoformat()
LATELY = (TODAY - timedelta(days=60)).isoformat()


@pytest.fixture
def book(workspace):
    write_accounts("acme")


def contest(newcomer=None, base_rate=None, churns=37, learnt_until=LATELY):
    return {"learnt_until": learnt_until, "churned_accounts": churns, "newcomer": newcomer, "base_rate": base_rate}


@pytest.fixture
def train(workspace, book, champion, monkeypatch):
    """Train with what is learnt given: the lifecycle alone is on trial here; ml/ has its own tests."""
    model = replace(_model_of(champion), about={"as_of": TODAY.isoformat()})

    def run(found=None, verdict=READY):
        report = {"contest": found} if found else {}
        learned = Learned(verdict, model if verdict.ready else None, report)
        monkeypatch.setattr(learning, "learn", lambda *_, **__: learned)
        version = learning.train(workspace, TODAY)
        db.session.expire_all()
        return version

    return run


def _model_of(version) -> HazardModel:
    return learning.artifacts.load(version.artifact["model"])


def states():
    return db.session.scalars(select(ModelVersion.state).order_by(ModelVersion.id)).all()


def test_a_newcomer_that_is_better_on_months_neither_had_seen_is_put_in_force(train, champion):
    version = train(contest(BETTER))
    assert queries.find_champion().id == version.id
    assert states() == ["retired", "champion"]
    assert "beat the model in force: on 37 churns" in version.because
    assert champion.because == f"Version {version.id} took its place."


def test_a_newcomer_that_is_no_better_is_kept_as_challenger_with_the_reason_in_words(train, champion):
    version = train(contest(NO_BETTER))
    assert queries.find_champion().id == champion.id
    assert (version.state, version.artifact is None) == ("challenger", False)
    assert "did not beat the model in force: on 37 churns" in version.because
    assert "between −0.0070 and +0.0040" in version.because


def test_a_newcomer_waits_until_the_two_can_be_compared(train, champion):
    version = train(contest(churns=3))
    assert version.state == "challenger"
    assert "only 3 accounts left in the months after" in version.because
    assert "8 are needed" in version.because


def test_a_model_that_could_not_be_compared_for_half_a_year_is_followed(train):
    assert train(contest(churns=3, learnt_until=LONG_AGO)).state == "champion"


def test_a_model_that_cannot_be_read_any_more_is_followed_at_once(train, champion):
    champion.artifact = {"model": {"format": "of another age"}}
    db.session.flush()
    version = train()
    assert version.state == "champion"
    assert "can no longer be read" in version.because


def test_the_first_model_that_passes_is_put_in_force(train, champion):
    champion.state = "retired"
    db.session.flush()
    assert train().state == "champion"


def test_a_refused_training_leaves_a_model_in_force_that_still_beats_the_base_rate(train, champion):
    assert train(contest(base_rate=BETTER), refused("it ranks no better than chance.")).state == "refused"
    assert queries.find_champion().id == champion.id
    assert "still does better than the base rate on 37 churns" in champion.because


def test_a_refused_training_takes_out_of_force_a_model_that_the_base_rate_beats(train, champion):
    worse = BETTER | {"difference": 0.01, "share_lower": 0.1}
    train(contest(base_rate=worse), refused("it ranks no better than chance."))
    assert queries.find_champion() is None
    assert champion.because.startswith("It is no longer in force: it did no better than the base rate")


def test_a_refused_training_that_could_not_judge_the_model_in_force_leaves_it(train, champion):
    train(contest(churns=2), refused("too little."))
    assert queries.find_champion().id == champion.id


def test_an_earlier_version_is_brought_back_and_the_later_one_retired(train, champion):
    version = train(contest(BETTER))
    back, former = promoting.promote(champion.id, "The new one ranks trials too high")
    assert (back.state, back.because) == ("champion", "The new one ranks trials too high")
    assert (former.id, former.state) == (version.id, "retired")
    assert queries.find_champion().id == champion.id


def test_a_challenger_is_put_in_force_by_hand_with_a_reason(train, champion):
    version = train(contest(NO_BETTER))
    with pytest.raises(Problem, match="Say why"):
        promoting.promote(version.id, "")
    promoting.promote(version.id, "It knows the new plan")
    assert states() == ["retired", "champion"]


def test_what_nothing_can_be_scored_with_is_not_put_in_force(train, champion):
    version = train(contest(base_rate=BETTER), refused("too little."))
    with pytest.raises(Problem, match="did not pass its tests"):
        promoting.promote(version.id, "Because")
    with pytest.raises(Problem, match="in force already"):
        promoting.promote(champion.id, "Because")
    with pytest.raises(NotFoundError):
        promoting.promote(version.id + 1, "Because")


def test_a_version_whose_signals_are_no_longer_measured_is_not_put_in_force(train, champion):
    version = train(contest(NO_BETTER))
    model = version.artifact["model"]
    version.artifact = {"model": model | {"shapes": [{**model["shapes"][0], "code": "moon_phase"}]}}
    db.session.flush()
    with pytest.raises(Problem, match="no longer measured: moon_phase"):
        promoting.promote(version.id, "Because")


def test_only_one_version_is_in_force(train, champion):
    promoting.put_in_force(train(contest(NO_BETTER)), "Because")
    promoting.put_in_force(champion, "Because")
    assert states().count("champion") == 1
