"""The queue of record: rows decide, RQ only rings."""

from time import sleep

import pytest
from redis import Redis
from rq import Queue
from sqlalchemy import select, text

from app.accounts.models import Account
from app.core import queue, tenancy
from app.core.queue import CancelledError, Job, LeaseLostError
from app.extensions import db, doorbell
from app.local.ports import free_port


def defer(name="score", **args):
    job_id = queue.defer(name, **args)
    db.session.commit()
    return job_id


def claim(job_id):
    return queue.claim(tenancy.workspace_id(), job_id)


def look(job_id):
    db.session.rollback()
    return db.session.execute(
        select(Job).where(Job.id == job_id).execution_options(populate_existing=True)
    ).scalar_one()


def change(job_id, what):
    db.session.execute(text(f"UPDATE job SET {what} WHERE id = :id"), {"id": job_id})
    db.session.commit()


def rings():
    return Queue("perennial", connection=doorbell.redis).count


def reap():
    with tenancy.dispatching():
        return queue.reap()


# --- writing down ---


def test_a_job_is_rung_for_once_its_change_is_committed_and_not_before(committed):
    queue.defer("score", account_ids=[1, 2])
    assert rings() == 0
    db.session.commit()
    assert rings() == 1


def test_a_job_goes_with_the_change_that_needed_it(committed):
    job_id = queue.defer("score")
    db.session.rollback()
    assert (rings(), claim(job_id)) == (0, None)
    db.session.commit()
    assert rings() == 0


def test_a_silent_valkey_does_not_stop_a_change(committed, monkeypatch):
    monkeypatch.setattr(doorbell, "_redis", Redis(port=free_port(41_000), socket_connect_timeout=1))
    assert claim(defer()) is not None


def test_the_same_job_waits_once_and_may_wait_again_while_one_runs(committed):
    first = defer(unique_key="book")
    assert defer(unique_key="book") is None
    assert defer(unique_key="other") is not None
    claim(first)
    assert defer(unique_key="book") is not None


def test_the_args_reach_who_claims_it(committed):
    lease, attempt = claim(defer(since="2026-11-20", ids=[3]))
    assert (lease.name, lease.args, attempt) == ("score", {"since": "2026-11-20", "ids": [3]}, 1)


def test_a_job_for_later_is_neither_rung_nor_claimed_yet(committed):
    job_id = queue.defer("score", run_at=db.session.execute(text("SELECT now() + interval '1 hour'")).scalar())
    db.session.commit()
    change(job_id, "created_at = now() - interval '1 minute'")
    assert (rings(), reap(), claim(job_id)) == (0, 0, None)


# --- claiming ---


def test_of_two_workers_at_the_same_moment_one_gets_the_job(committed, at_once):
    for _ in range(10):
        job_id = defer()
        claimed = at_once(lambda job_id=job_id: claim(job_id), lambda job_id=job_id: claim(job_id))
        assert sum(each is not None for each in claimed) == 1


def test_a_job_of_another_workspace_cannot_be_claimed(committed):
    job_id = defer()
    with tenancy.workspace(committed.id + 1):
        assert queue.claim(committed.id + 1, job_id) is None


def test_what_is_done_is_not_done_again(committed):
    job_id = defer()
    claim(job_id)[0].finish()
    assert look(job_id).state == "done"
    assert claim(job_id) is None


def test_work_and_the_end_of_its_job_are_one_commit(committed, at_once):
    lease, _ = claim(defer())
    db.session.add(Account(external_id="a", name="A"))
    db.session.flush()

    def others_see():
        return db.session.execute(text("SELECT (SELECT count(*) FROM account), (SELECT state FROM job)")).one()

    assert tuple(at_once(others_see)[0]) == (0, "running")
    lease.finish()
    assert tuple(at_once(others_see)[0]) == (1, "done")


def test_who_lost_the_lease_cannot_commit_the_work(committed, at_once):
    job_id = defer()
    slow, _ = claim(job_id)
    change(job_id, "lease_until = now() - interval '1 second'")
    db.session.add(Account(external_id="late", name="Late"))
    db.session.flush()
    ((quick, attempt),) = at_once(lambda: claim(job_id))
    assert attempt == 2
    for act in (slow.finish, lambda: slow.progress(1, 2, "late")):
        with pytest.raises(LeaseLostError):
            act()
    slow.fail("too late", 1)
    slow.cancel()
    assert look(job_id).state == "running"
    assert db.session.execute(select(Account)).all() == []
    quick.finish()
    assert look(job_id).state == "done"


def test_a_lease_is_kept_alive_while_the_work_lasts(committed, monkeypatch):
    monkeypatch.setattr(queue, "HEARTBEAT_SECONDS", 0.01)
    job_id = defer()
    lease, _ = claim(job_id)
    before = look(job_id).lease_until
    with lease.kept_alive():
        assert _sooner_or_later(lambda: look(job_id).lease_until > before)


# --- failing ---


def test_a_dead_worker_s_job_is_offered_again(committed):
    job_id = defer()
    claim(job_id)
    doorbell.redis.flushdb()
    change(job_id, "lease_until = now() - interval '1 second', created_at = now() - interval '1 minute'")
    assert reap() == 1
    assert (look(job_id).state, look(job_id).error, rings()) == ("ready", "the worker was lost", 1)
    assert claim(job_id)[1] == 2


def test_a_living_worker_s_job_is_left_alone(committed):
    job_id = defer()
    claim(job_id)
    change(job_id, "created_at = now() - interval '1 hour'")
    assert reap() == 0
    assert look(job_id).state == "running"


def test_a_failed_job_rests_is_tried_again_and_at_last_set_aside_with_its_error(committed):
    job_id = defer()
    for attempt in (1, 2, 3):
        lease, number = claim(job_id)
        assert number == attempt
        lease.fail(f"error {attempt}", number)
        assert claim(job_id) is None
        assert look(job_id).state == ("dead" if attempt == 3 else "ready")
        change(job_id, "run_at = now()")
    assert (look(job_id).error, look(job_id).finished_at is not None) == ("error 3", True)
    assert (claim(job_id), reap()) == (None, 0)


def test_a_job_that_kills_its_worker_is_set_aside_too(committed):
    job_id = defer()
    for _ in range(3):
        assert claim(job_id) is not None
        change(job_id, "lease_until = now() - interval '1 second'")
    assert claim(job_id) is None
    reap()
    assert (look(job_id).state, look(job_id).error) == ("dead", "the worker was lost")


def test_a_dead_job_can_be_given_fresh_attempts(committed):
    job_id = defer()
    change(job_id, "state = 'dead', attempts = 3, error = 'broken'")
    doorbell.redis.flushdb()
    queue.try_again(job_id)
    db.session.commit()
    assert rings() == 1
    assert claim(job_id)[1] == 1


def test_a_job_that_fails_makes_room_for_the_same_job_to_wait(committed):
    first = defer(unique_key="book")
    lease, attempt = claim(first)
    second = defer(unique_key="book")
    lease.fail("broken", attempt)
    assert {look(first).state, look(second).state} == {"ready"}


# --- watching and stopping ---


def test_progress_is_seen_while_the_work_is_still_open(committed, at_once):
    job_id = defer()
    lease, _ = claim(job_id)
    db.session.add(Account(external_id="a", name="A"))
    db.session.flush()
    lease.progress(3, 10, "Reading rows")
    (seen,) = at_once(lambda: (look(job_id).done, look(job_id).total, look(job_id).doing))
    assert seen == (3, 10, "Reading rows")
    lease.finish()
    assert look(job_id).done == 10


def test_a_running_job_stops_at_its_next_step_when_asked(committed, at_once):
    job_id = defer()
    lease, _ = claim(job_id)
    lease.progress(1, 10, "Reading rows")
    db.session.add(Account(external_id="a", name="A"))
    db.session.flush()
    at_once(lambda: (queue.ask_to_cancel(job_id), db.session.commit()))
    with pytest.raises(CancelledError):
        lease.progress(2, 10, "Reading rows")
    db.session.rollback()
    lease.cancel()
    assert look(job_id).state == "cancelled"
    assert db.session.execute(select(Account)).all() == []


def test_a_waiting_job_that_is_cancelled_never_runs(committed):
    job_id = defer()
    queue.ask_to_cancel(job_id)
    db.session.commit()
    assert claim(job_id) is None
    reap()
    assert look(job_id).state == "cancelled"
    assert look(job_id).is_over


def test_what_is_over_cannot_be_cancelled(committed):
    job_id = defer()
    claim(job_id)[0].finish()
    queue.ask_to_cancel(job_id)
    assert not look(job_id).cancel_asked


# --- losing Valkey ---


def test_flushing_valkey_loses_no_job(committed):
    job_ids = [defer(number=number) for number in range(5)]
    assert rings() == 5
    doorbell.redis.flushdb()
    assert rings() == 0
    for job_id in job_ids:
        change(job_id, "created_at = now() - interval '1 minute'")
    assert reap() == 5
    assert rings() == 5
    assert all(claim(job_id) for job_id in job_ids)


def test_what_was_just_offered_is_not_offered_again_at_once(committed):
    job_id = defer()
    change(job_id, "created_at = now() - interval '1 minute'")
    assert (reap(), reap()) == (1, 0)


def test_the_reaper_serves_all_workspaces(committed):
    for workspace_id in (committed.id, committed.id + 1):
        with tenancy.workspace(workspace_id):
            change(defer(), "created_at = now() - interval '1 minute'")
    assert reap() == 2


def test_two_reapers_share_the_work(committed, at_once):
    for number in range(20):
        change(defer(number=number), "created_at = now() - interval '1 minute'")
    assert sum(at_once(reap, reap)) == 20


def _sooner_or_later(is_so, tries=500):
    for _ in range(tries):
        if is_so():
            return True
        sleep(0.01)
    return False
