"""kill -9 of anything in the middle of a load: what was acknowledged is counted once, what was not is sent again."""

import os
from contextlib import suppress
from datetime import timedelta
from signal import SIGKILL

import psutil
import pytest

from app.local.processes import wait_until
from tests.faults.reckoning import reckon

BACKENDS = "SELECT pid FROM pg_stat_activity WHERE usename = 'perennial' AND backend_type = 'client backend'"


def kill(processes):
    assert processes
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def kill_web(product):
    kill(product.processes("granian"))


def kill_what_answers(product):
    """The child alone of the two processes of a granian."""
    kill([each for each in product.processes("") if "granian" in " ".join(each.parent().cmdline())])


def kill_worker(product):
    kill(product.processes("jobs.worker")[:1])


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


@pytest.mark.parametrize(
    "strike",
    [kill_worker, kill_web, kill_what_answers, kill_valkey, flush_valkey, kill_postmaster, kill_a_backend,
     end_all_backends],
    ids=lambda each: each.__name__,
)  # fmt: skip
def test_what_was_acknowledged_is_counted_once(product, strike):
    company = product.company(strike.__name__, "America/New_York")
    load = company.load()
    load.run(lambda: strike(product))
    print(strike.__name__, load.answers)
    assert len(load.acknowledged) == sum(len(request.facts) for line in load.lines for request in line)
    company.assert_counts_once(load)
