"""Brings what follows from changed accounts up to date at once, and has them scored within half a minute."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import text

from app.accounts import movements, summarising
from app.core import queue
from app.extensions import db

_SOON = timedelta(seconds=5)  # so that many changes in a row are scored once
_TOUCH = text(
    "INSERT INTO touched_account (account_id) SELECT id FROM unnest(CAST(:ids AS bigint[])) AS changed (id)"
    " ORDER BY id ON CONFLICT (workspace_id, account_id) DO NOTHING"
)


def settle(account_ids: Sequence[int], today: date, now: datetime, *, paid: bool = False) -> None:
    """Refresh the summaries of accounts, and their movements where it was `paid` that changed; ask for their scores."""
    if not account_ids:
        return
    ids = sorted(account_ids)
    if paid:
        movements.rebuild(ids)
    summarising.refresh(ids, today)
    db.session.execute(_TOUCH, {"ids": ids})
    queue.defer("score_touched", unique_key="soon", run_at=now + _SOON)
