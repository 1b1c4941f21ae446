"""How contracts live month by month: signed, renewed, repriced, resized, lost and now and then won back."""

from dataclasses import dataclass, field

import numpy as np

from app.demo.story.book import Book
from app.demo.story.causes import CODES
from app.demo.story.timeline import NEVER, Flags, Floats, Ints, Timeline, stream

MEMORY = 0.3  # how much of the intent to leave is the newest month's; older months fade
HARDENING = 8.0  # months' worth of intent that a yearly renewal puts to the vote
BREACH = 0.12  # share of the monthly hazard that ends a term contract midway
RETURN = 0.012  # chance a month that a lost account comes back, from the third month on
AUTO_RENEW, AUTO_RENEW_UNHAPPY = 0.88, 0.55
SHOCK_RISE, USUAL_RISE = (0.10, 0.28), (0.0, 0.045)


@dataclass(frozen=True)
class Contracts:
    """What was signed, and the true chance of leaving behind it.

    `rows` are parallel arrays, one entry a stretch at constant price and seats: account, start, end
    (months; NEVER = open), seats, price, renews (month), auto, term, cycle (month the term began).
    """

    rows: dict[str, np.ndarray]
    paying: Flags  # [n, months + 1] paying after the contractual day of month m - 1
    hazard: Floats  # [n, months] true chance of leaving in the month, 0 when not a customer
    churn_account: Ints
    churn_month: Ints


@dataclass
class Negotiation:
    """The state of every account as the months pass; one entry an account."""

    book: Book
    pressure: Floats
    presence: Floats
    rng: np.random.Generator
    closed: list[dict[str, np.ndarray]] = field(default_factory=list)
    churned: list[tuple[Ints, Ints]] = field(default_factory=list)

    def __post_init__(self) -> None:
        count = len(self.book)
        self.seats, self.price = self.book.seats.copy(), self.book.price.copy()
        self.review = np.maximum(self.book.term, 12)
        self.cycle = np.full(count, NEVER)  # month the present term or price year began
        self.since = np.full(count, NEVER)  # month the present stretch began
        self.left = np.full(count, NEVER)  # month of leaving
        self.paying = np.zeros(count, bool)
        self.auto = self.rng.random(count) < AUTO_RENEW
        self.intent = self.pressure[:, 0].copy()

    def bring_forward(self) -> None:
        """Past terms of those who were customers already: each year a little cheaper than the next."""
        start = self.book.start
        old = np.flatnonzero(start < 0)
        years = (-1 - start[old]) // self.review[old]
        self.price[old] = np.rint(self.price[old] / 1.025**years).astype(np.int64)
        self.cycle[old] = self.since[old] = start[old]
        self.paying[old] = True
        for year in range(years.max(initial=0)):
            due = old[years > year]
            self.file_stretch(due, self.cycle[due] + self.review[due])
            self.price[due] = np.rint(self.price[due] * 1.025).astype(np.int64)
            self._term_begins(due, self.since[due])

    def live(self, month: int) -> Floats:
        """One month; returns every account's true chance of leaving in it."""
        draw = self.rng.random((6, len(self.book)), np.float32)
        self.intent += MEMORY * (self.pressure[:, month] - self.intent)
        hazard = self._hazard(month)
        leaving = draw[0] < hazard
        self._leave(np.flatnonzero(leaving), month)
        self._renegotiate(month, draw)
        self._arrive(np.flatnonzero(self.book.start == month), month)
        back = (self.left <= month - 2) & ~self.paying & (draw[5] < RETURN)
        self._arrive(np.flatnonzero(back), month)
        return hazard

    def _hazard(self, month: int) -> Floats:
        """A monthly plan can go any month; a term contract puts the gathered intent to the vote when it ends."""
        now = self.pressure[:, month]
        at_renewal = 1 - np.exp(-HARDENING * self.intent)
        bound = np.where(self._due(month), at_renewal, BREACH * now)
        return np.where(self.paying, np.where(self.book.term == 1, now, bound), 0).astype(np.float32)

    def _due(self, month: int) -> Flags:
        due: Flags = self.paying & (month - self.cycle == self.review)
        return due

    def _leave(self, who: Ints, month: int) -> None:
        self.file_stretch(who, np.full(len(who), month))
        self.paying[who] = False
        self.left[who] = month
        self.churned.append((who, np.full(len(who), month)))

    def _renegotiate(self, month: int, draw: Floats) -> None:
        due = self._due(month)
        price = np.where(due, self._new_price(month, draw[1]), self.price)
        free = due | (self.book.term == 1)
        seats = self._new_seats(month, free, draw)
        changed = np.flatnonzero(self.paying & (due | (price != self.price) | (seats != self.seats)))
        self.file_stretch(changed, np.full(len(changed), month))
        self.price, self.seats = price, seats
        renewed = np.flatnonzero(due)
        self._term_begins(renewed, np.full(len(renewed), month))
        trust = np.where(self.pressure[:, month] > 0.02, AUTO_RENEW_UNHAPPY, AUTO_RENEW)
        self.auto = np.where(due, draw[4] < trust, self.auto)

    def _new_price(self, month: int, draw: Floats) -> Ints:
        shocked = self.presence[:, month, CODES.index("price_shock")] > 0
        low, high = np.where(shocked[:, None], SHOCK_RISE, USUAL_RISE).T
        price: Ints = np.rint(self.price * (1 + low + draw * (high - low))).astype(np.int64)
        return price

    def _new_seats(self, month: int, free: Flags, draw: Floats) -> Ints:
        """Seats go down only where the contract lets them (`free`); up at any time."""
        unhappy = np.minimum(self.pressure[:, month] * 3, 0.35)
        idle = self.presence[:, month, CODES.index("idle_seats")]
        chances = np.where(self.book.term == 1, 0.15, 1.0)  # a yearly renewal gathers a year of doubt
        shrinks = free & self.paying & (draw[2] < chances * np.minimum(0.03 + unhappy + 0.3 * idle, 0.6))
        grows = self.paying & ~shrinks & (draw[2] > 1 - 0.022 * self.book.growth * (unhappy < 0.06))
        step = 0.08 + 0.32 * draw[3]
        down = np.maximum(1, np.floor(self.seats * (1 - step)))
        up = np.ceil(self.seats * (1 + step))
        return np.where(shrinks, down, np.where(grows, up, self.seats)).astype(np.int64)

    def _arrive(self, who: Ints, month: int) -> None:
        self.paying[who] = True
        self.since[who] = self.cycle[who] = month
        self.intent[who] = self.pressure[who, month]

    def _term_begins(self, who: Ints, month: Ints) -> None:
        self.cycle[who] = month

    def file_stretch(self, who: Ints, end: Ints) -> None:
        """File the stretch that ends; the next one begins the same day."""
        monthly = self.book.term[who] == 1
        row = {
            "account": who,
            "start": self.since[who],
            "end": end,
            "seats": self.seats[who],
            "price": self.price[who],
            "renews": np.where(monthly, self.since[who] + 1, self.cycle[who] + self.review[who]),
            "auto": self.auto[who] | monthly,
            "term": self.book.term[who],
            "cycle": self.cycle[who],
        }
        self.closed.append(row)
        self.since[who] = end


def negotiate(book: Book, pressure: Floats, presence: Floats, time: Timeline, seed: int) -> Contracts:
    talks = Negotiation(book, pressure, presence, stream(seed, "contracts"))
    talks.bring_forward()
    paying = np.zeros((len(book), time.months + 1), bool)
    paying[:, 0] = talks.paying
    hazard = np.zeros((len(book), time.months), np.float32)
    for month in range(time.months):
        hazard[:, month] = talks.live(month)
        paying[:, month + 1] = talks.paying
    still = np.flatnonzero(talks.paying)
    talks.file_stretch(still, np.full(len(still), NEVER))
    account, gone = (np.concatenate(part) for part in zip(*talks.churned, strict=True))
    return Contracts(_ordered(talks.closed), paying, hazard, account, gone)


def _ordered(closed: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    rows = {name: np.concatenate([part[name] for part in closed]) for name in closed[0]}
    lasting = rows["end"] > rows["start"]
    order = np.lexsort((rows["start"], rows["account"]))
    order = order[lasting[order]]
    return {name: values[order] for name, values in rows.items()}
