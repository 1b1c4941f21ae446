"""What customers have signed, what they are billed and when they pay."""

import numpy as np
import pandas as pd

from app.demo.story.book import PLANS
from app.demo.story.causes import CODES
from app.demo.story.telling import Story
from app.demo.story.timeline import NEVER, Ints, stream

DUE_IN = 30  # days
HABITUALLY_LATE = 0.12  # share of accounts that always pay late and mean nothing by it
WRITTEN_OFF = 0.15  # share of the bills that an account deep in arrears never pays


def subscription_rows(story: Story) -> pd.DataFrame:
    """The frame `subscriptions`: one row a stretch at constant price and seats; mrr in integer minor units.

    A monthly plan keeps its row until price or seats change; its `renews_on` is one month after it began.
    """
    book, time, row = story.book, story.time, story.contracts.rows
    account = row["account"]
    offset = book.offset[account]
    end = time.day(row["end"], offset)
    return pd.DataFrame(
        {
            "external_id": _identifiers(account),
            "account": account,
            "started_on": time.dates(time.day(row["start"], offset)),
            "ended_on": time.dates(end),
            "known_end_on": time.dates(_known_end(row, end, stream(story.seed, "notices"))),
            "plan": np.array(PLANS)[book.plan[account]],
            "mrr": row["seats"] * row["price"],
            "seats": row["seats"],
            "term_months": row["term"],
            "billing_period": np.where(book.billed_monthly[account], "monthly", "annual"),
            "renews_on": time.dates(time.day(row["renews"], offset)),
            "auto_renew": row["auto"],
            "currency": "USD",
        }
    )


def _identifiers(account: Ints) -> list[str]:
    """sub-<account>-<number of the stretch>, both from 1; rows are ordered by account and start."""
    first = np.searchsorted(account, account)
    return [f"sub-{at + 1:05d}-{nth + 1}" for at, nth in zip(account, np.arange(len(account)) - first, strict=True)]


def _known_end(row: dict[str, np.ndarray], end: Ints, rng: np.random.Generator) -> Ints:
    """Notice is given 0–9 days before on a monthly plan and 15–45 on a term; other ends are known as they happen."""
    last = np.append(row["account"][1:] != row["account"][:-1], True)
    gap = np.append(row["start"][1:] != row["end"][:-1], True)
    monthly = row["term"] == 1
    notice = np.where(monthly, rng.integers(0, 10, len(end)), rng.integers(15, 46, len(end)))
    start_gap = (row["end"] - row["start"]) * 28
    return np.where((last | gap) & (end < NEVER), end - np.minimum(notice, start_gap), end)


def invoice_rows(story: Story) -> pd.DataFrame:
    """The frame `invoices` of the span, ordered by account and day; amounts in integer minor units."""
    time = story.time
    bills = zip(_monthly(story), _yearly(story), strict=True)
    account, month, amount = (np.concatenate(part) for part in bills)
    issued = time.day(month, story.book.offset[account])
    shown = (issued >= 0) & (issued < time.days) & (amount > 0)
    order = np.lexsort((issued[shown], account[shown]))
    account, month, issued, amount = (values[shown][order] for values in (account, month, issued, amount))
    due = issued + DUE_IN
    paid = _paid(account, month, due, story)
    return pd.DataFrame(
        {
            "account": account,
            "issued_on": time.dates(issued),
            "due_on": time.dates(due),
            "paid_on": time.dates(time.seen(paid)),
            "amount": amount,
        }
    )


def _monthly(story: Story) -> tuple[Ints, Ints, Ints]:
    """(account, month, amount): one bill for each month of a stretch."""
    row, time = story.contracts.rows, story.time
    mine = np.flatnonzero(story.book.billed_monthly[row["account"]])
    first = np.maximum(row["start"][mine], 0)
    length = np.maximum(np.minimum(row["end"][mine], time.months) - first, 0)
    rows = np.repeat(mine, length)
    nth = np.arange(len(rows)) - np.repeat(np.cumsum(length) - length, length)
    return row["account"][rows], np.repeat(first, length) + nth, row["seats"][rows] * row["price"][rows]


def _yearly(story: Story) -> tuple[Ints, Ints, Ints]:
    """A term is billed ahead, in years; seats added midway are billed for what is left of it."""
    row = story.contracts.rows
    mine = ~story.book.billed_monthly[row["account"]]
    mrr = row["seats"] * row["price"]
    before = np.append(0, mrr[:-1])
    midway = row["start"] > row["cycle"]
    amount = np.where(midway, mrr - before, mrr) * (row["renews"] - row["start"])
    return row["account"][mine], row["start"][mine], amount[mine]


def _paid(account: Ints, month: Ints, due: Ints, story: Story) -> Ints:
    """The day each bill is paid, later in arrears; NEVER when it is not."""
    rng, presence = stream(story.seed, "paying"), story.presence
    late = rng.random(len(story.book)) < HABITUALLY_LATE
    usual = np.rint(rng.normal(-7, 6, len(account)) + 18 * late[account])
    when_due = np.minimum(month + 1, presence.shape[1] - 1)
    arrears = np.minimum(presence[account, when_due, CODES.index("late_payment")], 1)
    delay = usual + np.rint(arrears * rng.uniform(15, 70, len(account)))
    lost = rng.random(len(account)) < WRITTEN_OFF * arrears
    return np.where(lost, NEVER, np.maximum(due - DUE_IN, due + delay)).astype(np.int64)
