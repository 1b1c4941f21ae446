"""What one sender may take: so much a minute, and so many places at once, so that it slows nobody else down."""

from collections import defaultdict, deque
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from math import ceil
from threading import Event, Lock
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
    """Places inside, so many for each who come: more wait outside in the order they came, so many; the rest are sent
    away."""

    def __init__(self, inside: int, outside: int, patience_s: float) -> None:
        self._inside, self._outside, self._patience_s = inside, outside, patience_s
        self._taken: dict[Hashable, int] = defaultdict(int)
        self._waiting: dict[Hashable, deque[Event]] = defaultdict(deque)
        self._lock = Lock()

    @contextmanager
    def one_for(self, who: Hashable) -> Iterator[None]:
        """Hold a place. Raises Problem 429 when none was to be had."""
        called = self._stand_in_line(who)
        if called is not None and not called.wait(self._patience_s):
            self._leave_line(who, called)
        try:
            yield
        finally:
            self._hand_on(who)

    def _stand_in_line(self, who: Hashable) -> Event | None:
        """Take a place that is free, or wait for one to be handed on: whoever comes just then does not get before."""
        with self._lock:
            if self._taken[who] < self._inside:
                self._taken[who] += 1
                return None
            if len(self._waiting[who]) >= self._outside:
                raise self._full()
            self._waiting[who].append(called := Event())
            return called

    def _leave_line(self, who: Hashable, called: Event) -> None:
        with self._lock:
            if called not in self._waiting[who]:
                return  # called at the last moment
            self._waiting[who].remove(called)
        raise self._full()

    def _hand_on(self, who: Hashable) -> None:
        with self._lock:
            if self._waiting[who]:
                self._waiting[who].popleft().set()
            else:
                self._taken[who] -= 1

    def _full(self) -> Problem:
        return _too_many("Too many requests of this workspace at once.", 1, self._inside + self._outside)


def _too_many(detail: str, wait: int, limit: int) -> Problem:
    headers = {
        "Retry-After": str(wait),
        "x-ratelimit-limit": str(limit),
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": str(wait),
    }
    return Problem(429, detail, "rate_limited", headers=headers)
