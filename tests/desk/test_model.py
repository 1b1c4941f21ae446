"""Model: whether the risk figures can be trusted, in words for people who never met a statistic."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from app.accounts import summarising
from app.core import queue
from app.core.queue import Job
from app.extensions import db
from app.health.models import ModelCheck, ModelVersion
from app.identity.models import AuditEntry
from app.playbooks.models import Task
from tests.cast import NOW, TODAY, book_of
from tests.desk.test_desk_pages import assert_clean

REPORT = json.loads((Path(__file__).parent / "model_report.json").read_text())


def keep(state="champion", report=REPORT, **fields):
    artifact = {"model": {"shapes": [{"code": "tenure"}]}}
    values = {"verdict": ["It ranks well."], "because": "It passed its tests.", "trained_on": TODAY} | fields
    version = ModelVersion(state=state, report=report, artifact=None if state == "refused" else artifact, **values)
    db.session.add(version)
    db.session.commit()
    return version


@pytest.fixture
def page_of(cast, sign_in):
    def get(address="/model", person=None):
        answer = sign_in(person or cast.owner).get(address)
        assert answer.status_code == 200, answer.text[:800]
        assert_clean(answer.text, address)
        return " ".join(answer.text.split())

    return get


def off_by(factor):
    """Give the report of a model of whose expected losses so many times as many came."""
    report = json.loads(json.dumps(REPORT))
    report["unseen_months"]["90"]["measures"]["left_to_expected"] = {
        "value": factor, "low": factor * 0.9, "high": factor * 1.1,
    }  # fmt: skip
    return report


def test_without_any_training_the_page_says_so_and_shows_base_rates(page_of):
    page = page_of()
    assert "There is no model yet" in page
    assert "The first training has not run yet." in page
    assert "What is shown until then: base rates" in page


def test_a_refused_training_says_what_is_missing(page_of):
    report = {"history_months": 4.5, "churns": 12, "needed": {"months": 6, "churns": 30, "unseen_churns": 8}}
    keep("refused", report, verdict=["No model can be trusted here: 12 accounts churned; 30 are needed."])
    page = page_of()
    assert "There are 4.5 months of history; 6 are needed." in page
    assert "12 accounts have left in it; 30 are needed, 18 more." in page
    assert "base rate of its kind of contract" in page


def test_a_model_in_force_is_judged_in_one_sentence(page_of):
    keep(report=off_by(1.02))
    page = page_of()
    assert "The risk figures can be trusted" in page
    assert "For every 100 accounts it said would leave within 90 days, 92 to 112 did." in page


def test_a_model_whose_risks_are_too_low_is_said_so(page_of):
    keep(report=off_by(1.5))
    page = page_of()
    assert "The order can be trusted, the size of the risks less" in page
    assert "The risks are too low." in page


def test_the_page_tells_hits_horizons_segments_rivals_and_limits(page_of):
    keep()
    page = page_of()
    for words in (
        "ranked in the riskiest tenth", "30 days", "365 days", "Not judged", "monthly", "Base rate", "Spreadsheet",
        "Freer model", "What it does not know", "What the words mean", "of the ARR that left would have been on its list",
    ):  # fmt: skip
        assert words.lower() in page.lower(), words


def test_a_report_of_an_older_training_that_lacks_parts_is_shown_too(page_of, champion_of_old):
    assert "A model is in force" in page_of()
    page_of(f"/model/versions/{champion_of_old.id}")


@pytest.fixture
def champion_of_old(cast):
    return keep(report={"churns": 40, "learner": "ridge logistic"})


def test_a_challenger_is_shown_with_the_reason_why_it_is_not_in_force(page_of):
    keep()
    keep("challenger", because="It did not beat the model in force: on 37 churns.")
    page = page_of()
    assert "Challengers, and why they are not in force" in page
    assert "on 37 churns" in page


def test_older_trainings_are_a_page_further(page_of):
    first, *_ = [keep("retired") for _ in range(13)]
    card = f'/model/versions/{first.id}"'
    assert card not in page_of()
    older = re.search(r'href="(/model\?before=\d+)', page_of())[1]
    assert card in page_of(older)
    assert "before=" not in page_of(older)


def test_every_version_has_a_card_with_how_it_was_made(page_of):
    version = keep()
    page = page_of(f"/model/versions/{version.id}")
    assert REPORT["data_hash"] in page
    assert "Seed" in page
    assert "scikit-learn" in page
    refused = keep("refused", {}, verdict=["No model can be trusted here: there is no account yet."])
    assert "Why it was refused" in page_of(f"/model/versions/{refused.id}")


def test_a_breach_comes_before_everything_else(page_of):
    version = keep()
    moved = {"code": "usage_habit", "title": "Usage against its habit", "psi": 0.4, "limit": 0.1}
    moved |= {"has_moved": True, "lasts": True}
    db.session.add(
        ModelCheck(
            checked_on=TODAY, model_version_id=version.id, accounts=5, drift=[moved], kept={}, breach="It moved."
        )
    )
    db.session.commit()
    page = page_of()
    assert "The risk figures need a look" in page
    assert "It moved." in page


# --- what can be done ---


def test_a_leader_goes_back_to_an_earlier_version_in_one_click(cast, sign_in):
    earlier, later = keep("retired"), keep()
    answer = sign_in(cast.leader).post(f"/model/versions/{earlier.id}/promotion")
    assert (answer.status_code, answer.location) == (302, "/model")
    db.session.expire_all()
    assert (earlier.state, later.state) == ("champion", "retired")
    assert earlier.because == "Brought back by Lena Lindqvist."
    entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert (entry.act, entry.subject_id, entry.changes["instead_of"]) == ("put in force", earlier.id, later.id)
    assert db.session.scalars(select(Job.name)).all() == ["score_accounts"]


def test_a_challenger_is_put_in_force_by_hand_only_with_a_reason(cast, sign_in):
    keep()
    challenger = keep("challenger")
    browser = sign_in(cast.leader)
    assert browser.post(f"/model/versions/{challenger.id}/promotion").status_code == 422
    browser.post(f"/model/versions/{challenger.id}/promotion", data={"reason": "It knows the new plan"})
    db.session.expire_all()
    assert (challenger.state, challenger.because) == ("champion", "It knows the new plan")


def test_who_may_not_steer_sees_no_button_and_is_refused(cast, sign_in, page_of):
    earlier, _, _ = keep("retired"), keep(), keep("challenger")
    for person in (cast.owner, cast.executive, cast.billing_engineer):
        page = page_of(person=person)
        assert "Train anew" not in page
        assert "Go back to it" not in page
        for act in (f"/model/versions/{earlier.id}/promotion", "/model/training"):
            assert sign_in(person).post(act).status_code == 403
    assert "Go back to it" in page_of(person=cast.leader)


def test_another_workspace_finds_no_version_of_ours(cast, sign_in):
    version = keep()
    assert sign_in(cast.outsider).get(f"/model/versions/{version.id}").status_code == 404
    assert sign_in(cast.outsider).post(f"/model/versions/{version.id}/promotion").status_code == 404


# --- training ---


@pytest.fixture
def training(cast, sign_in):
    """Ask for a training; give its address and its job."""
    address = sign_in(cast.leader).post("/model/training").location
    return address, db.session.scalars(select(Job).where(Job.name == "train_model")).one()


def test_a_training_shows_its_progress_and_survives_a_reload(training, page_of, cast, sign_in):
    address, job = training
    assert job.args == {"asked": True}
    assert "Waiting for a worker" in page_of(address)
    assert "A training is under way" in page_of()
    assert sign_in(cast.leader).post("/model/training").location == address


def test_a_training_ends_on_the_page_of_the_version_it_made(training, cast, sign_in):
    address, job = training
    job.state, job.started_at, job.finished_at = "done", NOW, NOW + timedelta(minutes=1)
    version = keep("refused", {}, trained_at=NOW + timedelta(seconds=30))
    browser = sign_in(cast.owner)
    assert browser.get(f"{address}/progress").headers["HX-Redirect"] == address
    assert browser.get(address).location == f"/model/versions/{version.id}"


def test_who_reads_the_overview_meanwhile_is_told_and_not_led_away(training, cast, sign_in):
    address, job = training
    job.state = "done"
    db.session.commit()
    answer = sign_in(cast.owner).get(f"{address}/progress", headers={"HX-Current-URL": "http://localhost/model"})
    assert "HX-Redirect" not in answer.headers
    assert "The training is over." in answer.text


def test_a_training_can_be_stopped_and_says_so(training, page_of, cast, sign_in):
    address, job = training
    sign_in(cast.leader).post(f"{address}/cancellation")
    db.session.expire_all()
    assert job.cancel_asked
    job.state = "cancelled"
    db.session.commit()
    assert "The model in force stays." in page_of(address)


def test_other_jobs_are_no_trainings(cast, sign_in):
    other = queue.defer("score_accounts")
    db.session.commit()
    assert sign_in(cast.leader).get(f"/model/training/{other}").status_code == 404
    assert sign_in(cast.leader).post(f"/model/training/{other}/cancellation").status_code == 404


# --- the task ---


def test_a_task_about_the_book_stands_on_its_owners_day_and_no_one_elses(cast, sign_in):
    db.session.add(Task(title="Look at the churn model", advice="It moved.", owner_id=cast.leader.id, due_on=TODAY))
    book_of(cast)
    summarising.count_book()
    db.session.commit()
    assert "Look at the churn model" in sign_in(cast.leader).get("/").text
    assert "Look at the churn model" not in sign_in(cast.owner).get("/").text
    task = db.session.scalars(select(Task)).one()
    sign_in(cast.leader).post(f"/tasks/{task.id}/completion", data={"result": "helped"})
    assert "Look at the churn model" not in sign_in(cast.leader).get("/").text
