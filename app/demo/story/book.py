"""Who the customers are on the day they sign: size, trade, place, contract."""

from dataclasses import dataclass

import numpy as np

from app.demo.story.timeline import LAST_OFFSET, Flags, Floats, Ints, Timeline, stream

TIERS = ("small", "mid-market", "enterprise")
MID_MARKET_SEATS, ENTERPRISE_SEATS = 12, 40
PLANS = ("Starter", "Team", "Business", "Enterprise")
PLAN_SEATS = (6, 16, 50)  # seats from which the next plan is sold
SEAT_PRICE = np.array([1900, 2900, 4500, 5900])  # minor units a seat and month
SEATS_MEDIAN, SEATS_SIGMA = 9.0, 1.089  # log-normal, 95th percentile 54
LONGEST_PAST = 48  # months a customer of the first day may have been one
ANNUAL_SHARE = np.array([0.25, 0.55, 1.0])  # by tier


@dataclass(frozen=True)
class Book:
    """Parallel arrays [n], one entry an account."""

    start: Ints  # month window of the first paid day, negative before the span
    offset: Ints  # day of the month on which everything contractual happens
    seats: Ints
    tier: Ints  # index into TIERS
    plan: Ints  # index into PLANS
    price: Ints  # minor units a seat and month at signing
    term: Ints  # months: 1, 12 or 24
    billed_monthly: Flags
    frailty: Floats  # how far this account's hazard lies above or below its tier's, as a factor
    growth: Floats  # how readily it buys seats
    appetite: Floats  # how much one active person does in a day, as a factor

    def __len__(self) -> int:
        return len(self.start)


def sign(accounts: int, time: Timeline, seed: int) -> Book:
    """Draw the book: sizes are log-normal, larger customers pay more a seat and sign for longer.

    Raises ValueError for a company without accounts.
    """
    if accounts < 1:
        raise ValueError(f"a company has at least one account, not {accounts}")
    rng = stream(seed, "book")
    seats = np.maximum(1, np.rint(SEATS_MEDIAN * np.exp(rng.normal(0, SEATS_SIGMA, accounts)))).astype(np.int64)
    tier = np.digitize(seats, (MID_MARKET_SEATS, ENTERPRISE_SEATS))
    plan = np.digitize(seats * rng.lognormal(0, 0.25, accounts), PLAN_SEATS)
    term = _terms(tier, rng)
    return Book(
        start=_starts(accounts, time, rng),
        offset=rng.integers(0, LAST_OFFSET + 1, accounts),
        seats=seats,
        tier=tier,
        plan=plan,
        price=np.rint(SEAT_PRICE[plan] * rng.uniform(0.8, 1.0, accounts)).astype(np.int64),
        term=term,
        billed_monthly=(term == 1) | (rng.random(accounts) < 0.45),
        frailty=rng.lognormal(0, 0.3, accounts).astype(np.float32),
        growth=rng.lognormal(0, 0.6, accounts).astype(np.float32),
        appetite=rng.lognormal(0, 0.75, accounts).astype(np.float32),
    )


def _starts(accounts: int, time: Timeline, rng: np.random.Generator) -> Ints:
    """Most are customers on the first day; the rest arrive over the span, a little faster towards its end."""
    arrivals = round(accounts * min(0.6, 0.375 * time.months / 24))
    before = -1 - np.floor(LONGEST_PAST * rng.random(accounts - arrivals) ** 1.3).astype(np.int64)
    during = np.floor(time.months * rng.random(arrivals) ** 0.85).astype(np.int64)
    return rng.permutation(np.concatenate([before, during]))


def _terms(tier: Ints, rng: np.random.Generator) -> Ints:
    annual = rng.random(len(tier)) < ANNUAL_SHARE[tier]
    two_years = (tier == TIERS.index("enterprise")) & (rng.random(len(tier)) < 0.15)
    return np.where(two_years, 24, np.where(annual, 12, 1))
