"""A small made-up book for the tests of ml: each account has a hidden mood that moves what it does and whether it stays.

It shares no code with app/demo, so the models are not proven on the one simulation they were tuned to.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd

from ml.facts import Facts, empty

METERS = ("sessions", "core_actions", "reports", "errors")


@dataclass(frozen=True)
class Hidden:
    """The truth of a simulated book: mood [accounts, months] and chance to leave in each month, if it was there."""

    mood: np.ndarray
    hazard: np.ndarray


def simulated_book(accounts=200, months=18, seed=1, signal=1.0, ends_on=date(2026, 6, 30)) -> tuple[Facts, Hidden]:
    """Return facts of `accounts` over `months` of 30 days up to `ends_on`; with signal 0, mood moves no churn."""
    rng = np.random.default_rng(seed)
    first_day = ends_on - timedelta(days=30 * months - 1)
    start = np.maximum(rng.integers(-months * 20, months * 24, accounts), -400)  # days after first_day
    term = rng.choice([1, 3, 12], accounts, p=[0.4, 0.15, 0.45])
    mood = _moods(rng, accounts, months)
    hazard = _hazards(mood, start, term, signal)
    left = _departures(rng, hazard)
    end = np.where(left < months, left * 30 + (start % 30), 30 * months + 1)
    subscriptions = _subscriptions(rng, first_day, 30 * months, start=start, end=end, term=term)
    seats = subscriptions.groupby("account")["seats"].first().reindex(range(accounts)).fillna(5).to_numpy()
    alive = (np.arange(30 * months) >= start[:, None]) & (np.arange(30 * months) < end[:, None])
    facts = Facts(
        accounts=pd.DataFrame({"id": np.arange(accounts) + 1000, "started_on": _day(first_day, start)}),
        subscriptions=subscriptions,
        usage=_usage(rng, mood, alive, seats),
        first_day=first_day,
        meters=METERS,
        user_months=_user_months(rng, mood, alive, seats, first_day),
        interactions=_interactions(rng, mood, alive, first_day),
        contacts=_contacts(rng, mood, start, first_day),
        invoices=_invoices(rng, mood, alive, first_day),
        treated=empty("treated"),
    )
    return facts.check(), Hidden(mood, hazard)


def with_rows(facts: Facts, name: str, **columns) -> Facts:
    """Return facts with more rows in one frame; columns not named keep the first row's value."""
    frame = getattr(facts, name)
    more = pd.DataFrame({**{column: [frame[column].iloc[0]] for column in frame}, **columns}).astype(frame.dtypes)
    return replace(facts, **{name: pd.concat([frame, more], ignore_index=True)})


def _moods(rng, accounts, months):
    mood = np.zeros((accounts, months))
    level, trouble = rng.normal(0, 0.5, accounts), np.zeros(accounts)
    for month in range(months):
        trouble = 0.9 * trouble + (rng.random(accounts) < 0.06) * rng.gamma(4, 0.5, accounts)
        level = 0.9 * level + rng.normal(0, 0.2, accounts)
        mood[:, month] = level - trouble
    return mood


def _hazards(mood, start, term, signal):
    months = mood.shape[1]
    age = (np.arange(months)[None, :] * 30 + (start % 30)[:, None] - start[:, None]) // 30
    due = (age > 0) & (age % term[:, None] == 0)
    heard = np.column_stack([mood[:, :1], mood[:, :-1]])  # they leave for last month's mood
    base = np.select([term == 1, term == 3], [-4.5, -3.4], -2.3)[:, None]
    return np.where(due, 1 / (1 + np.exp(-(base - 1.3 * signal * heard))), 0.0)


def _departures(rng, hazard):
    gone = rng.random(hazard.shape) < hazard
    return np.where(gone.any(axis=1), gone.argmax(axis=1), hazard.shape[1])


def _day(first_day, offset):
    return (np.datetime64(first_day, "D") + np.asarray(offset)).astype("datetime64[s]")


def _subscriptions(rng, first_day, days, *, start, end, term):
    """One row per year of price: the second begins where the first ends, a little dearer."""
    accounts = len(start)
    seats = np.round(np.exp(rng.normal(2.3, 0.9, accounts))).clip(1)
    arr = seats * 240 * np.exp(rng.normal(0, 0.2, accounts))
    rows = []
    for year in range(4):
        begin, finish = start + 360 * year, np.minimum(start + 360 * (year + 1), end)
        live = (begin < end) & (begin < days)
        lost = live & (finish >= end) & (end <= days)
        closed = live & ((finish < np.minimum(end, days)) | lost)
        ended = np.where(closed, _day(first_day, finish), np.datetime64("NaT", "s"))
        rows.append(
            pd.DataFrame({
                "account": np.arange(accounts), "started_on": _day(first_day, begin), "ended_on": ended,
                "known_end_on": ended, "arr": arr * 1.04**year, "seats": seats, "term_months": term.astype(float),
                "renews_on": _day(first_day, begin + 30 * term), "auto_renew": term < 12,
            })[live]
        )  # fmt: skip
    return pd.concat(rows, ignore_index=True)


def _usage(rng, mood, alive, seats):
    accounts, days = alive.shape
    weekday = np.where(np.arange(days) % 7 < 5, 1.0, 0.15)
    level = np.repeat(np.exp(0.55 * mood), 30, axis=1) * weekday * seats[:, None]
    rates = np.array([0.8, 1.6, 0.2, 0.05])
    usage = np.empty((accounts, len(METERS), days), dtype=np.float32)
    for meter, rate in enumerate(rates):
        usage[:, meter] = rng.poisson(np.where(alive, level * rate, 0.0))
    return usage


def _user_months(rng, mood, alive, seats, first_day):
    """People by calendar month; nobody is recorded on days beyond the book's last."""
    accounts, days = alive.shape
    people = np.repeat(np.arange(accounts), np.minimum(seats, 12).astype(int))
    keen = rng.normal(0, 1, len(people))
    dates = np.datetime64(first_day, "D") + np.arange(days)
    month = dates.astype("datetime64[M]").astype(int) + 1970 * 12
    rows = []
    for this in np.unique(month):
        inside = np.flatnonzero(month == this)
        chance = 1 / (1 + np.exp(-(0.3 + 0.9 * mood[people, inside[len(inside) // 2] // 30] + keen)))
        active = (rng.random((len(people), len(inside))) < 0.4 * chance[:, None]) & alive[people][:, inside]
        bits = dates[inside].astype(int) - dates[inside].astype("datetime64[M]").astype("datetime64[D]").astype(int)
        masks = (active * (np.int64(1) << bits)).sum(axis=1)
        seen = masks > 0
        rows.append(
            pd.DataFrame({"account": people[seen], "user": np.flatnonzero(seen), "month": this, "days": masks[seen]})
        )
    return pd.concat(rows, ignore_index=True)


def _interactions(rng, mood, alive, first_day):
    tickets = rng.poisson(np.where(alive, np.repeat(0.02 * np.exp(-0.5 * mood), 30, axis=1), 0))
    emails = rng.poisson(np.where(alive, np.repeat(0.03 * np.exp(0.3 * mood), 30, axis=1), 0))
    frames = []
    for channel, counts in (("ticket", tickets), ("email", emails)):
        account, day = np.nonzero(counts)
        heart = mood[account, day // 30]
        happened = _day(first_day, day)
        frames.append(
            pd.DataFrame({
                "account": account, "happened_on": happened, "known_on": happened, "channel": channel,
                "direction": rng.choice(["in", "out"], len(account), p=[0.7, 0.3]),
                "sentiment": np.where(rng.random(len(account)) < 0.8, np.tanh(0.4 * heart + rng.normal(0, 0.5, len(account))), np.nan),
                "satisfaction": np.where(rng.random(len(account)) < 0.25, np.clip(np.round(3.6 + heart + rng.normal(0, 0.8, len(account))), 1, 5), np.nan),
                "priority": np.where(rng.random(len(account)) < 0.15, "urgent", ""),
                "resolved_on": _day(first_day, day + rng.geometric(0.2, len(account))),
                "escalated": rng.random(len(account)) < 0.03,
                "reach": np.nan,
            })
        )  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def _contacts(rng, mood, start, first_day):
    accounts = len(mood)
    unhappy = mood.min(axis=1) < -1.5
    left = np.where(unhappy & (rng.random(accounts) < 0.5), mood.argmin(axis=1) * 30 - 20, np.iinfo(np.int32).max)
    gone = (left < mood.shape[1] * 30) & (left > start)
    left_on = np.where(gone, _day(first_day, np.where(gone, left, 0)), np.datetime64("NaT", "s"))
    return pd.DataFrame({
        "account": np.arange(accounts), "role": rng.choice(["champion", "sponsor", "user"], accounts),
        "joined_on": _day(first_day, start), "left_on": left_on, "known_left_on": left_on + np.timedelta64(3, "D"),
    })  # fmt: skip


def _invoices(rng, mood, alive, first_day):
    """One invoice a month, paid later the worse the mood."""
    account, month = np.nonzero(alive[:, ::30])
    delay = rng.geometric(1 / (8 + 10 * np.clip(-mood[account, month], 0, 3)))
    paid = month * 30 + delay
    issued, due = _day(first_day, month * 30), _day(first_day, month * 30 + 14)
    settled = np.where(paid < alive.shape[1], _day(first_day, paid), np.datetime64("NaT", "s"))
    return pd.DataFrame({"account": account, "issued_on": issued, "due_on": due, "paid_on": settled, "amount": 100.0})
