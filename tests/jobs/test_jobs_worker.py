"""A worker does each job once: what fails is tried again and then kept for a person; what is taken over is let go."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from app.accounts.models import AccountSummary, TouchedAccount
from app.core import queue, tenancy
from app.core.clock import day_in, utc_now
from app.core.queue import Job
from app.extensions import db
from app.forecast.models import ForecastSnapshot
from app.health.cards.defaults import DEFAULT
from app.health.models import HealthScore, ModelVersion, ScorecardTrial
from app.identity.models import Workspace
from app.usage.models import Meter
from jobs import score_touched, worker
from tests.books import stretch, subscribe, use, write_accounts

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def one_app(application, monkeypatch):
    """The worker's application is that of the tests."""
    monkeypatch.setattr(worker, "_app", application)


@pytest.fixture
def work(committed):
    """Write a job down, have the worker do it, and give its row."""

    def run(name="score_touched", **args):
        job_id = queue.defer(name, **args)
        db.session.commit()
        return again(job_id)

    return run


def again(job_id):
    """Have the worker look at a job, as if its time had come."""
    db.session.execute(text("UPDATE job SET run_at = now() - interval '1 second' WHERE id = :id"), {"id": job_id})
    db.session.commit()
    worker.run(tenancy.workspace_id(), job_id)
    db.session.expire_all()
    db.session.rollback()
    return db.session.get_one(Job, (tenancy.workspace_id(), job_id))


def make_a_meter():
    db.session.add(Meter(code="made", name="Made"))
    db.session.flush()


def meters():
    return db.session.scalars(select(Meter.code)).all()


def test_work_and_the_end_of_its_row_are_committed_together(work, monkeypatch):
    monkeypatch.setattr(score_touched, "run", lambda lease: make_a_meter())
    job = work()
    assert (job.state, job.attempts, job.lease, job.error) == ("done", 1, None, None)
    assert job.finished_at is not None
    assert meters() == ["made"]


def test_a_job_is_done_for_its_own_workspace_with_its_arguments(work, committed, monkeypatch):
    seen = []
    monkeypatch.setattr(
        score_touched, "run", lambda lease, *, words: seen.append((tenancy.workspace_id(), lease.workspace_id, words))
    )
    work(words=["a", 1])
    assert seen == [(committed.id, committed.id, ["a", 1])]


def test_whoever_comes_second_finds_nothing_to_do(work, monkeypatch):
    calls = []
    monkeypatch.setattr(score_touched, "run", calls.append)
    job = work()
    assert again(job.id).state == "done"
    assert len(calls) == 1


def test_a_job_that_fails_is_tried_again_later_and_buried_after_its_last_attempt(work, monkeypatch):
    def fails(_lease):
        make_a_meter()
        raise RuntimeError("the tank is empty")

    monkeypatch.setattr(score_touched, "run", fails)
    job = work()
    assert (job.state, job.attempts) == ("ready", 1)
    assert job.run_at > utc_now()
    states = [again(job.id).state for _ in range(2)]
    assert states == ["ready", "dead"]
    buried = again(job.id)
    assert (buried.state, buried.attempts) == ("dead", 3)
    assert "RuntimeError: the tank is empty" in buried.error
    assert meters() == []


def test_a_job_that_failed_once_may_still_end_well(work, monkeypatch):
    outcomes = [RuntimeError("away for a moment"), None]

    def sometimes(_lease):
        if error := outcomes.pop(0):
            raise error

    monkeypatch.setattr(score_touched, "run", sometimes)
    job = again(work().id)
    assert (job.state, job.attempts, job.error) == ("done", 2, None)


@pytest.mark.parametrize("name", ["nonsense", "worker", "timekeeper", "timetable", "__init__", "os", "../cli"])
def test_only_jobs_are_run_whatever_a_row_says(work, name):
    job = work(name)
    assert job.state == "ready"
    assert "there is no job named" in job.error


def test_a_person_stops_a_job_at_its_next_step(work, monkeypatch):
    def long(lease):
        make_a_meter()
        with db.engine.begin() as other:
            other.execute(text("SELECT set_config('app.workspace_id', :id, true)"), {"id": str(lease.workspace_id)})
            other.execute(text("UPDATE job SET cancel_asked = true"))
        lease.progress(1, 2, "half way")
        pytest.fail("it went on")

    monkeypatch.setattr(score_touched, "run", long)
    job = work()
    assert (job.state, job.doing, job.error) == ("cancelled", "half way", None)
    assert meters() == []


def test_what_another_worker_took_over_is_let_go(work, monkeypatch):
    def slow(lease):
        make_a_meter()
        with db.engine.begin() as other:
            other.execute(text("SELECT set_config('app.workspace_id', :id, true)"), {"id": str(lease.workspace_id)})
            other.execute(text("UPDATE job SET lease = gen_random_uuid()"))

    monkeypatch.setattr(score_touched, "run", slow)
    job = work()
    assert (job.state, job.error) == ("running", None)
    assert meters() == []


def test_no_scope_is_left_behind_for_the_next_job(work, application, monkeypatch):
    monkeypatch.setattr(score_touched, "run", lambda lease: None)
    job = work()
    tenancy.enter(tenancy.Scope())
    worker.run(job.workspace_id, job.id)
    assert tenancy.current_scope() == tenancy.Scope()


# --- the jobs themselves ---


@pytest.fixture
def acme(committed):
    """An account that pays and is used, up to yesterday."""
    today = day_in("UTC", utc_now())
    (account_id,) = write_accounts("acme")
    subscribe(stretch("acme", 1200_00, today - timedelta(days=200)), today=today)
    use("acme", {today - timedelta(days=n): 2.0 for n in range(1, 60)})
    db.session.commit()
    return account_id


def yesterday():
    return day_in("UTC", utc_now()) - timedelta(days=1)


def test_touched_accounts_are_scored_and_touched_no_more(work, acme):
    assert work("score_touched").state == "done"
    scores = db.session.scalars(select(HealthScore)).all()
    assert [score.account_id for score in scores] == [acme]
    assert db.session.scalars(select(TouchedAccount)).all() == []
    work("score_touched")
    assert len(db.session.scalars(select(HealthScore)).all()) == 1


def test_a_day_is_closed_as_of_the_day_that_has_ended(work, acme):
    job = work("close_day")
    assert (job.state, job.error) == ("done", None)
    assert set(db.session.scalars(select(ForecastSnapshot.taken_on))) == {yesterday()}
    assert set(db.session.scalars(select(HealthScore.scored_on))) == {yesterday()}
    assert work("close_day").state == "done"
    assert len(db.session.scalars(select(ForecastSnapshot)).all()) == 4


def test_who_was_scored_as_of_today_is_so_again_after_yesterday_is_closed(work, acme):
    """A day closed late, or tried again, must not hide what came since."""
    use("acme", {yesterday() + timedelta(days=1): 7.0})
    db.session.commit()
    work("score_touched")
    used = db.session.get_one(AccountSummary, (tenancy.workspace_id(), acme)).usage_28d
    work("close_day")
    assert db.session.get_one(AccountSummary, (tenancy.workspace_id(), acme)).usage_28d < used
    work("score_touched")
    assert db.session.get_one(AccountSummary, (tenancy.workspace_id(), acme)).usage_28d == used
    assert set(db.session.scalars(select(HealthScore.scored_on))) == {yesterday(), yesterday() + timedelta(days=1)}


def test_a_book_of_last_year_is_closed_as_of_its_newest_day_without_end(work, committed):
    write_accounts("old")
    start = day_in("UTC", utc_now()) - timedelta(days=900)
    subscribe(stretch("old", 100, start, term_months=None))
    db.session.commit()
    work("close_day")
    assert db.session.get_one(Workspace, committed.id).book_day == start
    assert set(db.session.scalars(select(ForecastSnapshot.taken_on))) == {start}


def trainings():
    return db.session.scalars(select(ModelVersion.trained_on).order_by(ModelVersion.id)).all()


def test_a_model_is_trained_once_a_week_unless_a_person_asks(work, acme):
    work("train_model")
    assert trainings() == [yesterday()]
    assert "score_accounts" in db.session.scalars(select(Job.name).where(Job.state == "ready")).all()
    work("train_model")
    assert len(trainings()) == 1
    work("train_model", asked=True)
    assert len(trainings()) == 2
    db.session.execute(text("UPDATE model_version SET trained_on = trained_on - 7"))
    work("train_model")
    assert len(trainings()) == 3


def test_a_book_is_scored_after_its_first_training(work, acme):
    assert work("score_accounts").state == "done"
    assert len(trainings()) == 1
    assert db.session.scalars(select(HealthScore.account_id)).all() == [acme]
    work("score_accounts")
    assert len(trainings()) == 1


OF_SOMETHING = {"run_import", "send_mail", "backfill_rule", "deliver", "replay_scorecard"}


def test_a_scorecard_on_trial_is_replayed(work, acme):
    work("score_accounts")
    trial = ScorecardTrial(
        name="Default", definition=DEFAULT, segment={}, position=1_000, reason="To see.", made_at=utc_now()
    )
    db.session.add(trial)
    db.session.commit()
    assert work("replay_scorecard", trial_id=trial.id).state == "done"
    db.session.expire_all()
    assert (trial.result["days"], trial.result["accounts"], trial.result["changed"]) == (1, 1, [])


@pytest.mark.parametrize("name", sorted(worker.NAMES - OF_SOMETHING))
def test_every_job_does_nothing_in_peace_where_there_is_nothing(work, name):
    job = work(name)
    assert (job.state, job.error) == ("done", None)


def web_process(code, database_url, redis_url):
    settings = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "SECRET_KEY": "x"}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=os.environ | settings, capture_output=True, text=True, check=False
    )


def test_the_web_process_never_loads_what_only_workers_need(config):
    code = "import sys, wsgi; print(sorted({'sklearn', 'scipy'} & set(sys.modules)))"
    made = web_process(code, config.database_url, config.redis_url)
    assert made.stdout.splitlines()[-1] == "[]"


def test_the_web_process_refuses_to_start_as_a_role_that_sees_all(config, urls):
    made = web_process("import wsgi", urls.database_admin, config.redis_url)
    assert made.returncode != 0
    assert "is a superuser, so workspaces would not be kept apart" in made.stderr
