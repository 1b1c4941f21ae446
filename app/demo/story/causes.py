"""Why customers really leave: hidden episodes and what they do to the monthly chance of leaving."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from app.demo.story.book import TIERS, Book
from app.demo.story.timeline import Flags, Floats, Ints, Timeline, stream


@dataclass(frozen=True)
class Cause:
    code: str
    onset: float  # chance an account and month that an episode begins
    weight: float  # what it adds to the log of the hazard at full strength
    ramp: float  # days until full strength
    lasts: float  # mean days until it begins to pass by itself
    fade: float  # days it takes to pass


CAUSES = (
    Cause("usage_decline", 0.012, 3.8, 75, 120, 30),
    Cause("idle_seats", 0.005, 3.4, 45, 150, 40),
    Cause("champion_left", 0.008, 3.6, 20, 100, 40),
    Cause("friction", 0.008, 3.6, 20, 100, 30),
    Cause("late_payment", 0.005, 3.5, 30, 120, 30),
    Cause("failed_onboarding", 0.0, 3.4, 1, 170, 60),
    Cause("budget_cut", 0.006, 2.6, 20, 100, 30),
    Cause("price_shock", 0.0, 2.8, 20, 150, 45),
    Cause("competitor", 0.004, 3.6, 60, 120, 30),
    Cause("lull", 0.006, 0.0, 30, 75, 45),  # looks like a decline and means nothing
)
CODES = tuple(cause.code for cause in CAUSES)
WEIGHT = np.array([cause.weight for cause in CAUSES], np.float32)
RAMP = np.array([cause.ramp for cause in CAUSES])
LASTS = np.array([cause.lasts for cause in CAUSES])
FADE = np.array([cause.fade for cause in CAUSES])

BASE_HAZARD = np.array([0.0031, 0.0025, 0.0012])  # a month, by tier, with no cause at work
HIGHEST_HAZARD = 0.6
DELIBERATION = 40  # days a customer thinks it over: behaviour changes first, the mind later
WARM_UP = 8  # months before the span in which episodes may already have begun
FAILED_ONBOARDING = 0.14  # share of new accounts
PRICE_SHOCK = 0.08  # share of yearly price reviews that raise the price sharply
REVIEW_NOTICE = 75  # days between the letter and the new price
BUDGET_SEASON = (9, 10, 11, 12)  # calendar months


@dataclass(frozen=True)
class Episodes:
    """Parallel arrays, one entry an episode, ordered by account; days count from the first day of the span."""

    account: Ints
    cause: Ints  # index into CAUSES
    onset: Ints
    until: Ints  # the day it begins to pass by itself
    strength: Floats
    trace: Floats  # how much of it shows in behaviour; 0 = leaves no trace
    lag: Ints  # days until it shows

    def of(self, start: int, stop: int) -> "Episodes":
        """The episodes of the accounts start..stop-1."""
        return self.only(slice(*np.searchsorted(self.account, (start, stop))))

    def only(self, kept: slice | Flags) -> "Episodes":
        return Episodes(*(getattr(self, name)[kept] for name in self.__dataclass_fields__))

    def presence(self, day: Ints) -> Floats:
        """How present each episode is, 0..1, at days [episodes] or [episodes, days]."""
        column = (slice(None),) + (None,) * (day.ndim - 1)
        rising = (day - self.onset[column]) / RAMP[self.cause][column]
        passing = 1 - (day - self.until[column]) / FADE[self.cause][column]
        present: Floats = np.clip(np.minimum(rising, passing), 0, 1).astype(np.float32)
        return present


def strike(book: Book, time: Timeline, seed: int) -> Episodes:
    """Draw every account's hidden episodes."""
    rng = stream(seed, "causes")
    found = [_at_random(book, time, rng), _failed_onboardings(book, time, rng), _price_shocks(book, time, rng)]
    account, cause, onset = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.lexsort((onset, account))
    account, cause, onset = account[order], cause[order], onset[order]
    count = len(account)
    return Episodes(
        account=account,
        cause=cause,
        onset=onset,
        until=onset + np.rint(LASTS[cause] * rng.gamma(3, 1 / 3, count)).astype(np.int64),
        strength=np.clip(rng.lognormal(0, 0.2, count), 0.6, 1.5).astype(np.float32),
        trace=(rng.lognormal(0, 0.25, count) * (rng.random(count) > 0.08)).astype(np.float32),
        lag=rng.integers(0, 15, count),
    )


def _at_random(book: Book, time: Timeline, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Episodes that may begin in any month, once an account has settled in (60 days)."""
    months = np.arange(-WARM_UP, time.months)
    calendar = pd.DatetimeIndex(time.dates(time.day(months, 14))).month
    in_season = np.isin(calendar, BUDGET_SEASON)
    parts = []
    for at, cause in enumerate(CAUSES):
        chance = cause.onset * (in_season if cause.code == "budget_cut" else np.ones(len(months)))
        account, month = np.nonzero(rng.random((len(book), len(months)), np.float32) < chance)
        onset = time.day(months[month], rng.integers(0, 28, len(account)))
        settled = onset >= time.day(book.start, book.offset)[account] + 60
        parts.append((account[settled], np.full(settled.sum(), at), onset[settled]))
    account, cause_at, onset = (np.concatenate(part) for part in zip(*parts, strict=True))
    return account, cause_at, onset


def _failed_onboardings(book: Book, time: Timeline, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    account = np.flatnonzero((rng.random(len(book)) < FAILED_ONBOARDING) & (book.start >= -WARM_UP))
    onset = time.day(book.start[account], book.offset[account])
    return account, np.full(len(account), CODES.index("failed_onboarding")), onset


def _price_shocks(book: Book, time: Timeline, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """The letter goes out before the review, so that the shock can act on that very renewal."""
    account, month = review_months(book, time)
    hit = rng.random(len(account)) < PRICE_SHOCK
    account, month = account[hit], month[hit]
    onset = time.day(month, book.offset[account]) - REVIEW_NOTICE
    return account, np.full(len(account), CODES.index("price_shock")), onset


def review_months(book: Book, time: Timeline) -> tuple[Ints, Ints]:
    """(account, month) of every price review in the span: yearly, or at the end of a longer term."""
    cycle = np.maximum(book.term, 12)
    age = np.arange(time.months)[None, :] - book.start[:, None]
    account, month = np.nonzero((age > 0) & (age % cycle[:, None] == 0))
    return account, month


def presence_by_month(book: Book, episodes: Episodes, time: Timeline, delay: int = 0) -> Floats:
    """[n, months, causes] strength at work on the contractual day of each month, or `delay` days before it."""
    grid = np.zeros((len(book), time.months, len(CAUSES)), np.float32)
    for month in range(time.months):
        day = time.day(month, book.offset[episodes.account]) - delay
        at_work = episodes.strength * episodes.presence(day)
        np.maximum.at(grid[:, month], (episodes.account, episodes.cause), at_work)
    return grid


def pressure(book: Book, doubt: Floats, relief: Floats) -> Floats:
    """[n, months] chance of wanting to leave in a month: proportional hazards, eased by playbooks.

    `doubt` is the presence of causes as it was DELIBERATION days before.
    """
    base = (BASE_HAZARD[book.tier] * book.frailty).astype(np.float32)[:, None]
    hazard: Floats = np.minimum(base * np.exp(doubt @ WEIGHT) * relief, HIGHEST_HAZARD)
    return hazard


def reasons_for(account: Ints, month: Ints, doubt: Floats, rng: np.random.Generator) -> np.ndarray:
    """The cause each leaving is owed to, drawn by its share of the hazard; "none" is plain chance."""
    push = doubt[account, month] * WEIGHT
    total = push.sum(axis=1)
    chance = rng.random(len(account)) < np.exp(-total)
    share = np.cumsum(push, axis=1) / np.maximum(total, 1e-9)[:, None]
    pick = (rng.random(len(account))[:, None] < share).argmax(axis=1)
    return np.where(chance, "none", np.array(CODES)[pick])


assert len(BASE_HAZARD) == len(TIERS)
