"""The jobs, and two matchers at once, with real commits."""

from datetime import timedelta
from threading import Thread

import pytest
from sqlalchemy import func, select

from app.accounts.models import Account, AccountSummary, Movement
from app.core import queue, tenancy
from app.core.clock import utc_now
from app.extensions import db
from app.health.models import HealthChange
from app.playbooks.defaults import ensure_defaults
from app.playbooks.matching import match
from app.playbooks.models import Enrolment, Outcome, Playbook, Task
from jobs import match_playbooks, measure_outcomes
from tests.cast import NOW, TODAY


@pytest.fixture
def book(committed):
    """Write twelve accounts whose health has fallen, and the three default playbooks."""
    committed.book_day = TODAY
    db.session.merge(committed)
    ensure_defaults(NOW)
    for n in range(12):
        account = Account(external_id=f"a{n}", name=f"Account {n}", stage="established")
        db.session.add(account)
        db.session.flush()
        at = {"account_id": account.id}
        db.session.add(
            AccountSummary(name=account.name, stage="established", arr_minor=1_000, band="watch", risk=0.1, **at)
        )
        db.session.add(HealthChange(changed_on=TODAY, from_band="steady", to_band="watch", why="it fell", **at))
    db.session.query(Playbook).update({"daily_limit": 200})
    db.session.commit()
    return committed


def run(job, name):
    """Do a job as the worker does: claim it, run it, end it in the transaction of its work."""
    job_id = queue.defer(name)
    db.session.commit()
    lease, _ = queue.claim(tenancy.workspace_id(), job_id)
    job.run(lease)
    lease.finish()


def test_two_matchers_at_once_enrol_each_account_once(application, book):
    def one():
        with application.app_context(), tenancy.workspace(book_id):
            counts.append(match(NOW, TODAY))
            db.session.commit()

    counts, book_id = [], book.id
    threads = [Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(counts) == [0, 0, 0, 12]
    assert db.session.scalar(select(func.count()).select_from(Enrolment)) == 12


def test_matching_run_again_after_a_crash_before_its_commit_loses_and_doubles_nothing(book):
    match(NOW, TODAY)
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(Task)) == 0
    run(match_playbooks, "match_playbooks")
    run(match_playbooks, "match_playbooks")
    assert db.session.scalar(select(func.count()).select_from(Enrolment)) == 12


def test_from_a_fall_to_a_proof(book):
    run(match_playbooks, "match_playbooks")
    enrolments = db.session.scalars(select(Enrolment)).all()
    assert {each.enrolled_on for each in enrolments} == {TODAY}
    assert utc_now() - enrolments[0].enrolled_at < timedelta(minutes=5)
    lost = enrolments[0].account_id
    db.session.add(
        Movement(
            account_id=lost, moved_on=TODAY + timedelta(days=20), kind="churn", opening_minor=1_000, closing_minor=0
        )
    )
    book.book_day = TODAY + timedelta(days=100)
    db.session.merge(book)
    run(measure_outcomes, "measure_outcomes")
    assert db.session.scalar(select(func.count()).select_from(Outcome)) == 12
    playbook = db.session.scalars(select(Playbook).where(Playbook.name == "Save a slipping account")).one()
    (batch,) = playbook.tally["complete"]
    assert (batch[0] + batch[2], batch[1] + batch[3]) == (12, 1)
