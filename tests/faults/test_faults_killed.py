"""kill -9 of anything in the middle of a load: what was acknowledged is counted once, what was not is sent again."""

import os
from contextlib import contextmanager, suppress
from signal import SIGKILL

import psutil
import pytest
from sqlalchemy import text

from app.local.processes import wait_until

BACKENDS = "SELECT pid FROM pg_stat_activity WHERE usename = 'perennial' AND backend_type = 'client backend'"


def kill(processes):
    assert processes
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def kill_web(product):
    kill(product.processes("granian"))


def kill_valkey(product):
    with product.valkey() as valkey:
        os.kill(valkey.info("server")["process_id"], SIGKILL)


def flush_valkey(product):
    with product.valkey() as valkey:
        valkey.flushall()


def kill_postmaster(product):
    product.postmaster().kill()


def kill_a_backend(product):
    """PostgreSQL then lets go of all connections and replays its log, for shared memory may be spoilt."""
    os.kill(product.rows(BACKENDS)[0].pid, SIGKILL)


def end_all_backends(product):
    """As a failover or an administrator does."""
    product.rows(BACKENDS.replace("SELECT pid", "SELECT pg_terminate_backend(pid)"))


@contextmanager
def scores_held_back(product):
    """Make whoever writes a score wait, so that a job stands still in the middle."""
    with product.eyes.connect() as connection:
        with connection.execution_options(isolation_level="READ COMMITTED").begin():
            connection.execute(text("LOCK TABLE health_score IN EXCLUSIVE MODE"))
            yield
        connection.execution_options(isolation_level="AUTOCOMMIT")


def test_workers_killed_with_a_job_in_hand_do_not_touch_what_is_counted(product):
    """Their jobs are done in the end: test_faults_work.py waits for that, when their leases have run out."""
    company = product.company("kill_workers", "Asia/Tokyo")
    load = company.load()
    with scores_held_back(product):
        with company.sender() as sender:
            sender.deliver(load.lines[0][0].path, load.lines[0][0].body)
        at_it = "SELECT FROM job WHERE name IN ('score_touched', 'close_day', 'score_accounts') AND state = 'running'"
        assert wait_until(lambda: product.rows(at_it), within_s=60, pause_s=0.1)
        load.run(lambda: kill(product.processes("jobs.worker")))
    company.assert_counts_once(load)


@pytest.mark.parametrize(
    ("strike", "is_felt"),
    [
        (kill_web, True),
        (kill_valkey, False),
        (flush_valkey, False),
        (kill_postmaster, True),
        (kill_a_backend, True),
        (end_all_backends, False),  # a connection found dead when it is fetched is made anew
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_what_was_acknowledged_is_counted_once(product, strike, is_felt):
    company = product.company(strike.__name__, "America/New_York")
    load = company.load()
    load.run(lambda: strike(product))
    assert set(load.answers) > {200} if is_felt else 200 in load.answers
    assert len(load.acknowledged) == sum(len(request.facts) for line in load.lines for request in line)
    company.assert_counts_once(load)
