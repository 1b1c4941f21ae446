"""Has what was held for want of an account or a person counted, as soon as somebody tells of it."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import text

from app.accounts.intake import introducing
from app.core import queue
from app.extensions import db
from app.usage.intake import holding

MOST_ALONE = 20  # beyond it one job looks at all that is held for the reason


def mend(accounts: Collection[str], people: Mapping[str, tuple[int, datetime]]) -> None:
    """Replay what waits for `accounts`, which were told of, and for `people` (id → account, when), who were seen with
    theirs: browsers tell of a person first and of their company a moment later."""
    if not accounts and not people:
        return
    waiting = {"account": set[str](), "person": set[str]()}
    for reason, value in db.session.execute(_WAITING, {"accounts": sorted(accounts), "people": sorted(people)}):
        waiting[reason].add(value)
    introducing.introduce_people(
        [{"external_id": who, "account_id": people[who][0], "told_at": people[who][1]} for who in waiting["person"]]
    )
    for reason, values in waiting.items():
        for value in sorted(values) if len(values) <= MOST_ALONE else [None]:
            queue.defer("replay_held", unique_key=f"{reason} {value}", reason=reason, value=value)
    if accounts:
        holding.ask_to_match()


_WAITING = text("""
SELECT DISTINCT reason, value FROM held_event
WHERE ended_at IS NULL AND (reason = 'account' AND value = ANY(:accounts) OR reason = 'person' AND value = ANY(:people))
""")
