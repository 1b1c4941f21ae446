"""The scorecard screens: what is in force and why, a change tried before it is made, versions brought back."""

import re

import pytest
from sqlalchemy import select

from app.core.clock import utc_now
from app.core.queue import Job
from app.extensions import db
from app.health import overriding
from app.health.cards import publishing, replaying
from app.health.cards.choosing import cards_in_force
from app.health.models import Scorecard, ScorecardTrial, ScoreOverride
from app.identity.models import AuditEntry
from tests.cast import TODAY, book_of

HOME = "/settings/scorecards"


@pytest.fixture
def book(cast):
    cast.workspace.book_day = TODAY
    return book_of(cast)


@pytest.fixture
def leader(cast, sign_in):
    cards_in_force()
    return sign_in(cast.leader)


def form(client, name="Default", **changed):
    """Give what the editor of a card posts, with some fields written anew."""
    page = client.get(f"{HOME}/{name}/edit").text
    words = dict(re.findall(r'<input class="form-control[^"]*"[^>]*? name="([^"]+)"[^>]*? value="([^"]*)"', page))
    chosen = re.findall(
        r'<select[^>]* name="([^"]+)">(?:(?!</select>).)*?<option[^>]* selected>([^<]*)', page, re.DOTALL
    )
    return words | dict(chosen) | {"reason": "Usage says more."} | changed


def tried(client, **changed):
    answer = client.post(f"{HOME}/Default/trials", data=form(client, **changed))
    assert answer.status_code == 302, answer.text
    return db.session.scalars(select(ScorecardTrial).order_by(ScorecardTrial.id.desc())).first()


def acts():
    return [(row.act, row.subject) for row in db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))]


def test_everybody_reads_what_is_in_force_and_only_some_may_change_it(cast, book, leader, sign_in):
    csm = sign_in(cast.owner)
    for page in (csm.get(HOME).text, csm.get(f"{HOME}/Onboarding").text):
        assert "Onboarding" in page
        assert "edit" not in page
    assert csm.get(f"{HOME}/Default/edit").status_code == 403
    assert csm.post(f"{HOME}/Default/trials", data={}).status_code == 403
    assert f"{HOME}/Default/edit" in leader.get(HOME).text


def test_a_card_that_does_not_exist_is_not_found(leader):
    assert leader.get(f"{HOME}/Gold").status_code == 404
    assert leader.get(f"{HOME}/trials/7").status_code == 404


def test_a_change_is_tried_before_it_is_made(leader):
    trial = tried(leader, **{"weight.adoption": "70"})
    assert (trial.name, trial.definition["dimensions"][0]["weight"], trial.outcome) == ("Default", 70, None)
    job = db.session.scalars(select(Job).where(Job.name == "replay_scorecard")).one()
    assert (job.args, trial.job_id) == ({"trial_id": trial.id}, job.id)
    page = leader.get(f"{HOME}/trials/{trial.id}").text
    assert "Waiting for a worker" in page
    assert "Publish" not in page
    assert cards_in_force()[-1].version == 1


def test_a_form_with_mistakes_comes_back_as_it_was_written(leader):
    words = form(leader, **{"curve.adoption.breadth": "none", "band.watch": "90", "reason": ""})
    answer = leader.post(f"{HOME}/Default/trials", data=words)
    assert answer.status_code == 422
    assert "3 things to mend" in answer.text
    assert 'value="none"' in answer.text
    assert "Write at least two corners" in answer.text
    assert db.session.scalars(select(ScorecardTrial)).all() == []


def test_a_replayed_trial_shows_its_result_and_is_published(cast, book, leader):
    trial = tried(leader, **{"weight.adoption": "70"})
    replaying.replay(trial, cast.workspace, TODAY)
    page = leader.get(f"{HOME}/trials/{trial.id}").text
    assert "There are no past scores to replay yet" in page
    trial.result = {
        "days": 2, "first": "2026-10-01", "last": "2026-11-01", "accounts": 5, "unknown": [1, 0],
        "moves": [{"from": "watch", "to": "at risk", "accounts": 1}],
        "changed": [{"account_id": book.slipping.id, "from": "watch", "to": "at risk", "from_score": 70.0, "to_score": 60.0}],
        "ranking": {"days": 1, "rows": 40, "churns": 4, "now": {"value": 0.6, "low": 0.5, "high": 0.7},
                    "then": {"value": 0.8, "low": 0.7, "high": 0.9}, "by_band": [{"band": "watch", "now": [9, 1], "then": [0, 0]}],
                    "difference": {"difference": 0.2, "low": 0.1, "high": 0.3, "share_lower": 0.0}},
    }  # fmt: skip
    db.session.flush()
    page = leader.get(f"{HOME}/trials/{trial.id}").text
    assert "Slate &amp; Sons" in page
    assert "Yes: 20.0 % more pairs in the right order" in page
    assert "Adoption, weight" in page
    assert leader.post(f"{HOME}/trials/{trial.id}/publication").status_code == 302
    assert cards_in_force()[-1].version == 2
    assert "Version 2" in leader.get(f"{HOME}/Default").text
    assert acts() == [("tried", "scorecard"), ("published", "scorecard")]
    assert leader.post(f"{HOME}/trials/{trial.id}/publication").status_code == 409


@pytest.mark.parametrize(
    ("low", "high", "said"), [(-0.3, -0.1, "No, worse"), (-0.1, 0.1, "no difference that can be told from chance")]
)
def test_a_result_says_whether_it_is_better_worse_or_chance(leader, low, high, said):
    trial = tried(leader)
    trial.result = {
        "days": 1, "first": "2026-10-01", "last": "2026-11-01", "accounts": 0, "unknown": [0, 0], "moves": [], "changed": [],
        "ranking": {"days": 1, "rows": 4, "churns": 1, "now": {"value": 0.6}, "then": {"value": 0.6}, "by_band": [],
                    "difference": {"difference": (low + high) / 2, "low": low, "high": high, "share_lower": 0.5}},
    }  # fmt: skip
    db.session.flush()
    assert said in leader.get(f"{HOME}/trials/{trial.id}").text


def test_a_trial_thrown_away_leaves_everything_as_it_was(leader):
    trial = tried(leader, **{"weight.adoption": "70"})
    assert "Usage says more." in leader.get(HOME).text
    assert leader.post(f"{HOME}/trials/{trial.id}/disposal").status_code == 302
    assert trial.outcome == "thrown away"
    assert cards_in_force()[-1].version == 1
    assert "Usage says more." not in leader.get(HOME).text


def test_an_earlier_version_is_brought_back_by_one_click(leader):
    first = cards_in_force()[-1].id
    publishing.publish(tried(leader, **{"weight.adoption": "70"}), 1, utc_now())
    page = leader.get(f"{HOME}/Default?version=1").text
    assert "not in force" in page
    assert leader.post(f"{HOME}/versions/{first}/return").status_code == 302
    assert cards_in_force()[-1].id == first


def test_a_card_for_a_segment_is_made_from_another_and_taken_out_again(leader):
    page = leader.get(f"{HOME}/Default/edit?as=new").text
    assert "New scorecard" in page
    words = form(leader) | {"as_new": "1", "name": "Gold", "segment.tier": "gold", "position": "20"}
    leader.post(f"{HOME}/Default/trials", data=words)
    publishing.publish(db.session.scalars(select(ScorecardTrial)).one(), 1, utc_now())
    assert [card.name for card in cards_in_force()] == ["Onboarding", "Gold", "Default"]
    assert "tier gold" in leader.get(HOME).text
    assert leader.post(f"{HOME}/Gold/retirement").status_code == 302
    assert [card.name for card in cards_in_force()] == ["Onboarding", "Default"]
    assert leader.post(f"{HOME}/Default/retirement").status_code == 409
    assert not db.session.scalars(select(Scorecard).where(Scorecard.name == "Gold")).one().is_in_force


def test_a_replay_can_be_stopped(leader):
    trial = tried(leader)
    leader.post(f"{HOME}/trials/{trial.id}/cancellation")
    assert db.session.get(Job, (trial.workspace_id, trial.job_id)).cancel_asked


def test_the_part_that_moves_sends_to_the_whole_page_once_it_is_over(leader):
    trial = tried(leader)
    assert "HX-Redirect" not in leader.get(f"{HOME}/trials/{trial.id}/progress").headers
    trial.result = {"days": 0}
    db.session.flush()
    assert leader.get(f"{HOME}/trials/{trial.id}/progress").headers["HX-Redirect"] == f"{HOME}/trials/{trial.id}"


def test_a_person_judges_an_account_on_its_page_and_takes_it_back(cast, book, sign_in):
    csm, page = sign_in(cast.owner), f"/accounts/{book.slipping.id}"
    ends = TODAY.replace(month=TODAY.month + 1, day=1) if TODAY.month < 12 else TODAY
    words = {"score": "30", "until_on": ends.isoformat(), "reason": "A rival is in the house."}
    answer = csm.post(f"{page}/override", data=words)
    assert answer.headers["Location"] == page
    made = db.session.scalars(select(ScoreOverride)).one()
    assert (made.score, made.reason, made.made_by) == (30.0, "A rival is in the house.", cast.owner.id)
    assert csm.post(f"/accounts/overrides/{made.id}/withdrawal").status_code == 302
    assert overriding.overrides_on([book.slipping.id], TODAY) == {}
    assert acts() == [("overrode the score", "account"), ("ended the override", "account")]


def test_a_judgement_without_its_reason_is_refused_in_words(cast, book, sign_in):
    csm, page = sign_in(cast.owner), f"/accounts/{book.slipping.id}"
    words, script = {"score": "x", "until_on": "", "reason": "r" * 1_001}, {"Accept": "application/problem+json"}
    refused = csm.post(f"{page}/override", data=words, headers=script)
    assert refused.status_code == 422
    assert {error["pointer"]: error["detail"] for error in refused.json["errors"]} == {
        "score": "Give a score from 0 to 100.",
        "until_on": "Give a day from today to 19 May 2027.",
        "reason": "`reason` may have up to 1,000 letters; this has 1,001.",
    }
    said = csm.post(f"{page}/override", data=words | {"reason": ""}).text
    assert "Give a score from 0 to 100." in said
    assert "Say why" in said
    assert db.session.scalars(select(ScoreOverride)).all() == []
    assert sign_in(cast.executive).post(f"{page}/override", data={}).status_code == 403
