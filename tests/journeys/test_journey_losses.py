"""Workers are killed, Valkey forgets, timekeepers meet: nothing is lost and nothing happens twice."""

from contextlib import contextmanager
from time import monotonic

import redis
from sqlalchemy import text

from app.local.processes import wait_until
from jobs.timetable import TIMETABLE


@contextmanager
def scores_held_back(company):
    """Make whoever writes a score wait, so that a job stands still in the middle."""
    with (
        company.product.eyes.connect() as connection,
        connection.execution_options(isolation_level="READ COMMITTED").begin(),
    ):
        connection.execute(text("LOCK TABLE health_score IN EXCLUSIVE MODE"))
        yield


def test_the_job_of_a_killed_worker_is_done_by_another_within_a_minute(company):
    assert wait_until(company.is_quiet, within_s=60, pause_s=0.2)
    with scores_held_back(company):
        job = company.ask_for_scores()
        assert wait_until(lambda: company.job(job).state == "running", within_s=30)
        company.product.running["worker-1"].kill()
        killed = monotonic()
        company.product.start("worker-2")
    assert wait_until(lambda: company.job(job).state == "done", within_s=60, pause_s=0.2)
    assert (company.job(job).attempts, monotonic() - killed < 60) == (2, True)
    company.product.stop("worker-1")


def test_a_valkey_that_forgets_everything_loses_no_work(company):
    for name in [name for name in company.product.running if name.startswith("worker")]:
        company.product.stop(name)
    job = company.ask_for_scores()
    with redis.Redis.from_url(company.product.environment["REDIS_URL"]) as valkey:
        assert valkey.dbsize() > 0
        valkey.flushall()
    company.product.start("worker-1")
    assert wait_until(lambda: company.job(job).state == "done", within_s=60, pause_s=0.2)


def test_a_worker_goes_on_when_valkey_forgets_it(company):
    with redis.Redis.from_url(company.product.environment["REDIS_URL"]) as valkey:
        valkey.flushall()
    job = company.ask_for_scores()
    assert wait_until(lambda: company.job(job).state == "done", within_s=60, pause_s=0.2)


def test_two_timekeepers_claim_each_period_once(company):
    company.product.start("timekeeper-2", like="timekeeper")
    beats = "SELECT count(*) AS n, min(seen_at) AS oldest FROM heartbeat WHERE kind = 'timekeeper'"
    assert wait_until(lambda: company.product.rows(beats)[0].n == 2, within_s=30)
    since = company.product.rows(beats)[0].oldest
    assert wait_until(lambda: company.product.rows(f"{beats} AND seen_at > :since", since=since)[0].n == 2, within_s=30)
    company.product.stop("timekeeper-2")
    jobs = "SELECT name, count(*) FROM job WHERE unique_key = 'timetable' GROUP BY name"
    runs = "SELECT job, count(*) FROM timetable_run GROUP BY job"
    made, claimed = dict(map(tuple, company.product.rows(jobs))), dict(map(tuple, company.product.rows(runs)))
    assert set(claimed) == {entry.job for entry in TIMETABLE}
    assert all(made.get(name, 0) <= claimed[name] for name in claimed)
