"""Accounts whose facts changed: marked by whoever writes facts, claimed for scoring."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import text

from app.accounts.models import ScoringRound
from app.accounts.spanning import listed
from app.core import clock, queue
from app.extensions import db

GATHER_FOR = timedelta(seconds=1)  # so that a stream of events is scored in rounds, not one by one
TOGETHER = 1_000  # what is touched at once and claimed as a whole, so that no round is the whole book


@dataclass(frozen=True)
class Claimed:
    """Accounts to score (ids ascending) and since when each had waited."""

    account_ids: list[int]
    waiting_since: list[datetime]


def touch(account_ids: Iterable[int], now: datetime | None = None) -> None:
    """Have accounts scored again soon."""
    ids, run_at = sorted(set(account_ids)), (now or clock.utc_now()) + GATHER_FOR
    for start in range(0, len(ids), TOGETHER):
        db.session.execute(_TOUCH, {"ids": listed(ids[start : start + TOGETHER]), "run_at": run_at})


def ask_for_scoring(now: datetime) -> None:
    """Write down the job that scores what is touched, where none waits yet."""
    queue.defer("score_touched", unique_key="touched", run_at=now + GATHER_FOR)


def claim_touched(most: int) -> Claimed:
    """Take touched accounts, the longest waiting first, until there are `most`; what rolls back stays touched."""
    rows = db.session.execute(text(_CLAIM), {"most": most}).all()
    return Claimed([row.account_id for row in rows], [row.since for row in rows])


def forget_touched() -> None:
    """Leave nothing to score of what is touched by now: for whoever scores the whole book in this transaction."""
    db.session.execute(text("DELETE FROM touched_account"))


def is_alone() -> bool:
    """Say whether this transaction may score: one round at a time in a workspace, so that the newest facts win."""
    lock = "SELECT pg_try_advisory_xact_lock(hashtextextended('scoring ' || current_setting('app.workspace_id'), 0))"
    return bool(db.session.execute(text(lock)).scalar())


def note_round(claimed: Claimed, now: datetime) -> None:
    """Write down how long the accounts of a round had waited until their scores could be seen."""
    waits = np.array([(now - since).total_seconds() for since in claimed.waiting_since])
    db.session.add(
        ScoringRound(ended_at=now, accounts=len(waits), median_s=float(np.median(waits)), longest_s=float(waits.max()))
    )


_TOUCH = text(
    f"WITH asked AS ({queue.asking('score_touched', 'touched', 'CAST(:run_at AS timestamptz)', 'true')})"
    " INSERT INTO touched_account (account_ids) VALUES (CAST(:ids AS bigint[]))"
)
_CLAIM = """
WITH waiting AS (
    SELECT id, sum(cardinality(account_ids)) OVER (ORDER BY id) - cardinality(account_ids) AS before
    FROM (SELECT * FROM touched_account ORDER BY id LIMIT 10000) oldest
), taken AS (
    DELETE FROM touched_account WHERE id IN (SELECT id FROM waiting WHERE before < :most)
    RETURNING account_ids, touched_at
)
SELECT account_id, min(touched_at) AS since FROM taken, unnest(account_ids) AS account_id
GROUP BY account_id ORDER BY account_id
"""
