"""What one sender may take: so much a minute, and so many places at once, so that it slows nobody else down."""

from collections import defaultdict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from math import ceil
from threading import BoundedSemaphore, Lock
from time import monotonic

import structlog
from redis.exceptions import RedisError

from app.core.problems import Problem
from app.extensions import doorbell

_log = structlog.get_logger()
MINUTE_S = 60.0


def spend(who: str, cost: int, per_minute: int) -> None:
    """Charge `cost` to `who`. Raises Problem 429, with the headers that clients read, when the minute is used up.

    Allowance flows back all the time, up to a minute's worth, so that who must wait waits for seconds: PostHog's client
    for Node drops what it holds after nine, Lago's waits for twenty. A process draws a hundredth of a second's worth at
    a time and spends it within a second, so that a stream of single events asks Valkey now and then. While Valkey is
    away nothing is charged: PostgreSQL still takes what comes.
    """
    if _purse.pay(who, cost):
        return
    drawn = max(cost, per_minute // 6_000)
    try:
        wait = ceil(float(doorbell.redis.eval(_CHARGE, 1, f"quota:{who}", drawn * MINUTE_S / per_minute, MINUTE_S)))
    except RedisError as error:
        _log.warning("quota_unknown", error=str(error))
        return
    if wait > 0:
        raise _too_many(f"This key may send {per_minute:,} events a minute. Wait {wait} s.", wait, per_minute)
    _purse.put(who, drawn - cost)


class _Purse:
    """What this process has drawn for each sender and not spent yet."""

    def __init__(self) -> None:
        self._left: dict[str, tuple[int, float]] = {}
        self._lock = Lock()

    def pay(self, who: str, cost: int) -> bool:
        """Pay from what is left, if that is enough and was drawn within the last second."""
        with self._lock:
            left, drawn_at = self._left.get(who, (0, 0.0))
            if left < cost or monotonic() - drawn_at > 1:
                return False
            self._left[who] = left - cost, drawn_at
        return True

    def put(self, who: str, left: int) -> None:
        """Keep what is left of a draw."""
        with self._lock:
            self._left[who] = left, monotonic()


_purse = _Purse()


# The key holds the moment up to which allowance is used: a charge moves it on, at most from a minute ahead of now.
# Whoever is not that far ahead may send a batch of any size, and waits the longer afterwards.
_CHARGE = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local used = math.max(tonumber(redis.call('GET', KEYS[1])) or 0, now)
local ahead = used - now
if ahead > tonumber(ARGV[2]) then return tostring(ahead - ARGV[2]) end
ahead = ahead + ARGV[1]
redis.call('SET', KEYS[1], string.format('%.6f', now + ahead), 'EX', math.ceil(ahead) + 1)
return '0'
"""


class Places:
    """Places inside, so many for each who come: more wait outside, so many; the rest are sent away."""

    def __init__(self, inside: int, outside: int, patience_s: float) -> None:
        self._most, self._patience_s = inside + outside, patience_s
        self._inside: dict[Hashable, BoundedSemaphore] = defaultdict(lambda: BoundedSemaphore(inside))
        self._here: dict[Hashable, int] = defaultdict(int)
        self._lock = Lock()

    @contextmanager
    def one_for(self, who: Hashable) -> Iterator[None]:
        """Hold a place. Raises Problem 429 when none was to be had."""
        with self._lock:
            if self._here[who] >= self._most:
                raise _too_many("Too many requests of this workspace at once.", 1, self._most)
            self._here[who] += 1
            place = self._inside[who]
        try:
            if not place.acquire(timeout=self._patience_s):
                raise _too_many("Too many requests of this workspace at once.", 1, self._most)
            try:
                yield
            finally:
                place.release()
        finally:
            with self._lock:
                self._here[who] -= 1


def _too_many(detail: str, wait: int, limit: int) -> Problem:
    headers = {
        "Retry-After": str(wait),
        "x-ratelimit-limit": str(limit),
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": str(wait),
    }
    return Problem(429, detail, "rate_limited", headers=headers)
