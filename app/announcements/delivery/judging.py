"""What follows from a try: when the next one is, and when it is enough. Knows no rows."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from zlib import crc32

TRIED_AFTER = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
"""When a delivery is tried, counted from its first try."""
JITTER = 0.1
LONGEST_WAIT = timedelta(days=1)
LONG_FAILURE = timedelta(days=3)
MANY_FAILURES = 10
RESTS = (timedelta(seconds=5), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))
GONE = 410
_ASKS_TO_WAIT = frozenset({429, 503})


@dataclass(frozen=True)
class Outcome:
    """What came of a try: `is_taken`, or why not. `status` None: there was no answer at all."""

    is_taken: bool
    duration_ms: int
    status: int | None = None
    answer: str = ""
    error: str | None = None
    retry_after: str = ""
    is_final: bool = False


@dataclass(frozen=True)
class Verdict:
    """The state a delivery is in now, when it is tried again, and until when its subscriber is left in peace."""

    state: str
    next_attempt_at: datetime | None = None
    rest_until: datetime | None = None


def judge(
    outcome: Outcome, delivery_id: int, attempts: int, first_tried_at: datetime, failures: int, now: datetime
) -> Verdict:
    """Judge try number `attempts` of a delivery; `failures` counts its subscriber's tries in a row without success.

    An answer that asks to wait is heeded for everything of this subscriber; no answer at all costs time, so its
    subscriber is left in peace for longer and longer, while others are served.
    """
    if outcome.is_taken:
        return Verdict("delivered")
    asked = _asked_to_wait(outcome, now)
    rest = asked or (now + RESTS[min(failures, len(RESTS)) - 1] if outcome.status is None else None)
    if outcome.is_final or outcome.status == GONE or attempts >= len(TRIED_AFTER):
        return Verdict("failed", rest_until=rest)
    due = first_tried_at + _spread(TRIED_AFTER[attempts], TRIED_AFTER[attempts - 1], delivery_id, attempts)
    return Verdict("waiting", max(filter(None, (due, now, asked))), rest)


def is_hopeless(outcome: Outcome, failures: int, failing_since: datetime, now: datetime) -> str | None:
    """Give why a subscriber is switched off after this try, or None."""
    if outcome.status == GONE:
        return "It answered 410 Gone: it does not want to be told any more."
    if failures >= MANY_FAILURES and now - failing_since >= LONG_FAILURE:
        return f"Nothing could be delivered for {LONG_FAILURE.days} days, in {failures} tries."
    return None


def _spread(after: timedelta, before: timedelta, delivery_id: int, attempt: int) -> timedelta:
    """Move a try by up to a tenth of the wait, for each delivery differently, so that they do not all come at once."""
    fraction = crc32(f"{delivery_id}.{attempt}".encode()) / 2**32
    return after + (after - before) * JITTER * (2 * fraction - 1)


def _asked_to_wait(outcome: Outcome, now: datetime) -> datetime | None:
    if outcome.status not in _ASKS_TO_WAIT or not outcome.retry_after:
        return None
    return min(_read_retry_after(outcome.retry_after, now), now + LONGEST_WAIT)


def _read_retry_after(text: str, now: datetime) -> datetime:
    """Read seconds or an HTTP date; what is neither asks for nothing."""
    if text.strip().isdecimal():
        return now + timedelta(seconds=min(int(text.strip()[:9]), LONGEST_WAIT.total_seconds()))
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return now
    return max(now, at if at.tzinfo else at.replace(tzinfo=UTC))
