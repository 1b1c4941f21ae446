"""Brings what follows from changed accounts up to date at once, and has them scored within seconds."""

from collections.abc import Sequence
from datetime import date, datetime

from app.accounts import movements, summarising
from app.accounts.intake.touching import touch


def settle(account_ids: Sequence[int], today: date, now: datetime, *, paid: bool = False) -> None:
    """Refresh the summaries of accounts, and their movements where it was `paid` that changed; ask for their scores."""
    if not account_ids:
        return
    ids = sorted(account_ids)
    if paid:
        movements.rebuild(ids)
    summarising.refresh(ids, today)
    touch(ids, now)
