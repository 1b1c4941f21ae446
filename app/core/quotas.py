"""What one sender may take: so much a minute, and so many places at once, so that it slows nobody else down."""

import time
from collections import defaultdict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from math import ceil
from threading import BoundedSemaphore, Lock

import structlog
from limits import RateLimitItemPerMinute
from limits.strategies import FixedWindowRateLimiter
from redis.exceptions import RedisError

from app.core.problems import Problem
from app.extensions import limiter

_log = structlog.get_logger()


def spend(who: str, cost: int, per_minute: int) -> None:
    """Charge `cost` to `who`. Raises Problem 429, with the headers that clients read, when the minute is used up.

    While Valkey is away nothing is charged: PostgreSQL still takes what comes.
    """
    item = RateLimitItemPerMinute(per_minute)
    window = FixedWindowRateLimiter(limiter.storage)
    try:
        if window.hit(item, who, cost=min(cost, per_minute)):
            return
        wait = max(1, ceil(window.get_window_stats(item, who).reset_time - time.time()))
    except RedisError as error:
        _log.warning("quota_unknown", error=str(error))
        return
    raise _too_many(f"This key may send {per_minute:,} events a minute. Wait {wait} s.", wait, per_minute)


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
