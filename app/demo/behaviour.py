"""What customers do with the product day by day: who is active, and how much they do.

Made in blocks of accounts, each from its own random stream, so that a slice of a large book costs
only itself and is the same however it is cut.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from app.demo.story.causes import CODES
from app.demo.story.telling import Story
from app.demo.story.timeline import Flags, Floats, Ints, stream

METERS = ("sessions", "core_actions", "reports", "api_calls", "errors")
BLOCK = 128  # accounts made together
WEEK = np.array([1.0, 1.06, 1.05, 1.0, 0.9, 0.12, 0.08])  # Monday first
HOLIDAYS = {(12, day): 0.25 for day in range(24, 32)} | {(1, 1): 0.1, (1, 2): 0.6, (5, 1): 0.6}
AUGUST = 0.86
SEATS_FILLED = (16.0, 4.0)  # beta: share of seats with a person behind it
KEENNESS = (2.0, 2.3)  # beta: chance that a person is active on a working day
WOBBLE, WOBBLE_KEPT = 0.12, 0.85  # weekly noise that comes back by itself (AR 1)
CORE_ACTIONS, REPORTS, API_CALLS = 5.0, 0.5, 5.0  # a person and active day
API_SHARE = 0.4  # accounts that use the API at all
ERRORS = 0.015  # for each action

LEVEL_FALLS = {
    "usage_decline": 1.5, "champion_left": 0.6, "friction": 0.4, "failed_onboarding": 1.4, "late_payment": 0.3,
    "budget_cut": 0.25, "price_shock": 0.2, "competitor": 0.9, "idle_seats": 0.1, "lull": 0.9,
}  # fmt: skip
SEATS_EMPTY = {"idle_seats": 0.7, "failed_onboarding": 0.3}
ERRORS_RISE = {"friction": 1.5}
EXPORTS_RISE = {"competitor": 0.9}  # they take their data with them

_Months = tuple[Ints, Ints, npt.NDArray[np.uint32]]  # user, month, days


@dataclass(frozen=True)
class Behaviour:
    story: Story

    @cached_property
    def people(self) -> Ints:
        """[n] how many persons ever have a log-in."""
        rng = stream(self.story.seed, "users")
        most = np.zeros(len(self.story.book), np.int64)
        np.maximum.at(most, self.story.contracts.rows["account"], self.story.contracts.rows["seats"])
        return np.maximum(1, np.rint(most * rng.beta(*SEATS_FILLED, len(most)))).astype(np.int64)

    @cached_property
    def first_person(self) -> Ints:
        """[n] the code of each account's first person; codes are unique in the company."""
        return np.cumsum(self.people) - self.people

    def blocks(self) -> Iterator[tuple[slice, Floats, pd.DataFrame]]:
        for start in range(0, len(self.story.book), BLOCK):
            yield self._block(start)

    def of(self, accounts: slice) -> tuple[Floats, pd.DataFrame]:
        """Usage [accounts, meters, days] and user months of a slice without step."""
        start, stop, _ = accounts.indices(len(self.story.book))
        if stop <= start:
            return np.zeros((0, len(METERS), self.story.time.days), np.float32), _as_frame([])
        parts = [self._block(at) for at in range(start - start % BLOCK, stop, BLOCK)]
        usage = np.concatenate([usage for _, usage, _ in parts]) if len(parts) > 1 else parts[0][1]
        months = pd.concat([months for _, _, months in parts], ignore_index=True)
        inside = (months["account"] >= start) & (months["account"] < stop)
        first = parts[0][0].start
        return usage[start - first : stop - first], months[inside].reset_index(drop=True)

    def _block(self, start: int) -> tuple[slice, Floats, pd.DataFrame]:
        stop = min(start + BLOCK, len(self.story.book))
        rng = stream(self.story.seed, "behaviour", start)
        level = self._level(start, stop, rng)
        active = self._active(start, stop, level, rng)
        usage = self._usage(start, stop, active, rng)
        return slice(start, stop), usage, self._user_months(start, active)

    def _level(self, start: int, stop: int, rng: np.random.Generator) -> Floats:
        """[accounts, days] how lively the account is; 0 when it does not pay."""
        wobble = self._wobble(stop - start, rng)
        falls = self._traces(start, stop, LEVEL_FALLS)
        lively: Floats = np.exp(wobble - falls) * self._calendar * self._settling(start, stop)
        return lively * self._paying(start, stop)

    @cached_property
    def _calendar(self) -> Floats:
        """[days] the working week, holidays and August."""
        days = pd.date_range(self.story.time.first_day, periods=self.story.time.days)
        holiday = [HOLIDAYS.get((day.month, day.day), 1.0) for day in days]
        return (WEEK[days.day_of_week] * holiday * np.where(days.month == 8, AUGUST, 1.0)).astype(np.float32)

    def _wobble(self, count: int, rng: np.random.Generator) -> Floats:
        weeks = -(-self.story.time.days // 7)
        steps = rng.standard_normal((weeks, count), np.float32) * WOBBLE
        steps[0] /= np.sqrt(1 - WOBBLE_KEPT**2)
        for week in range(1, weeks):
            steps[week] += WOBBLE_KEPT * steps[week - 1]
        return np.repeat(steps.T, 7, axis=1)[:, : self.story.time.days]

    def _traces(self, start: int, stop: int, depths: dict[str, float]) -> Floats:
        """[accounts, days] what hidden episodes leave to be seen, late and not always."""
        depth = np.array([depths.get(code, 0.0) for code in CODES], np.float32)
        own = self.story.episodes.of(start, stop)
        own = own.only(depth[own.cause] > 0)
        late = np.arange(self.story.time.days)[None, :] - own.lag[:, None]
        seen = own.presence(late)
        sums = np.zeros((stop - start, len(own.account)), np.float32)
        sums[own.account - start, np.arange(len(own.account))] = depth[own.cause] * own.strength * own.trace
        return sums @ seen

    def _settling(self, start: int, stop: int) -> Floats:
        """New accounts take six weeks to come to their usual use."""
        signed = self.story.time.day(self.story.book.start[start:stop], self.story.book.offset[start:stop])
        age = np.arange(self.story.time.days)[None, :] - signed[:, None]
        return np.clip(0.3 + 0.7 * age / 42, 0, 1).astype(np.float32)

    def _paying(self, start: int, stop: int) -> Flags:
        days = np.arange(self.story.time.days)
        return self.story.paying_on(np.arange(start, stop)[:, None], days[None, :])

    def _active(self, start: int, stop: int, level: Floats, rng: np.random.Generator) -> Flags:
        """[people, days] whether each person is active."""
        people = self.people[start:stop]
        whose, count = np.repeat(np.arange(stop - start), people), people.sum()
        chance = level[whose] * rng.beta(*KEENNESS, count).astype(np.float32)[:, None]
        idle = self._traces(start, stop, SEATS_EMPTY)
        if idle.any():
            chance *= rng.random(count, np.float32)[:, None] >= idle[whose]
        arrives, leaves = self._stay(count, rng)
        days = np.arange(self.story.time.days)
        chance *= (days >= arrives[:, None]) & (days < leaves[:, None])
        active: Flags = rng.random(chance.shape, np.float32) < np.minimum(chance, 0.97)
        return active

    def _stay(self, count: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
        """A quarter of the people join during the span and a fifth leave: new colleagues balance old ones."""
        arrives = np.where(rng.random(count) < 0.25, rng.integers(0, self.story.time.days, count), 0)
        leaves = np.where(rng.random(count) < 0.2, rng.integers(0, self.story.time.days, count), self.story.time.days)
        return arrives, np.where(leaves <= arrives, self.story.time.days, leaves)

    def _usage(self, start: int, stop: int, active: Flags, rng: np.random.Generator) -> Floats:
        """[accounts, meters, days] counts, in the order of METERS."""
        first = self.first_person[start:stop] - self.first_person[start]
        present = np.add.reduceat(active, first, axis=0, dtype=np.float32)
        appetite = self.story.book.appetite[start:stop, None]
        api = (rng.random((stop - start, 1)) < API_SHARE) * rng.lognormal(0, 0.8, (stop - start, 1))
        exports = np.exp(self._traces(start, stop, EXPORTS_RISE))
        actions = rng.poisson(present * CORE_ACTIONS * appetite)
        usage = np.empty((stop - start, len(METERS), self.story.time.days), np.float32)
        usage[:, 0] = present + rng.poisson(0.35 * present)
        usage[:, 1] = actions
        usage[:, 2] = rng.poisson(present * REPORTS * np.sqrt(appetite) * exports)
        usage[:, 3] = rng.poisson(present * API_CALLS * api)
        usage[:, 4] = rng.poisson(actions * ERRORS * np.exp(self._traces(start, stop, ERRORS_RISE)))
        return usage

    def _user_months(self, start: int, active: Flags) -> pd.DataFrame:
        """account, user, month (year * 12 + month - 1), days (bit d - 1 set = active on day d)."""
        days = pd.date_range(self.story.time.first_day, periods=self.story.time.days)
        code = np.asarray(days.year * 12 + days.month - 1)
        parts: list[_Months] = []
        for month in np.unique(code):
            mask = _as_bits(active, code == month, days.day)
            person = np.flatnonzero(mask)
            parts.append((self.first_person[start] + person, np.full(len(person), month), mask[person]))
        return _as_frame(parts, self.first_person)


def _as_bits(active: Flags, inside: Flags, day: npt.ArrayLike) -> npt.NDArray[np.uint32]:
    """One calendar month of activity as a mask a person."""
    padded = np.zeros((len(active), 32), bool)
    padded[:, np.asarray(day)[inside] - 1] = active[:, inside]
    return np.packbits(padded, axis=1, bitorder="little").view("<u4")[:, 0]


def _as_frame(parts: list[_Months], first_person: Ints | None = None) -> pd.DataFrame:
    empty = np.zeros(0, np.int64)
    user, month, days = (np.concatenate(part) for part in zip(*parts, strict=True)) if parts else (empty,) * 3
    account = empty if first_person is None else np.searchsorted(first_person, user, side="right") - 1
    types = {"account": np.int32, "user": np.int32, "month": np.int32, "days": np.int64}
    return pd.DataFrame({"account": account, "user": user, "month": month, "days": days}).astype(types)
