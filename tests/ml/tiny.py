"""A book of one or two accounts, written by hand: each test says only what it is about."""

from datetime import date

import numpy as np
import pandas as pd

from ml.facts import Facts, empty

FIRST = date(2025, 1, 1)
TODAY = date(2026, 1, 1)
DAYS = (TODAY - FIRST).days + 1


def day(text):
    return np.datetime64(text or "NaT", "s")


def contract(
    account=0, started="2024-06-01", ended=None, arr=1200.0, known=None, term=12, seats=10.0, renews=None, auto=True
):
    return {
        "account": account, "started_on": day(started), "ended_on": day(ended), "known_end_on": day(known or ended),
        "arr": arr, "seats": seats, "term_months": float(term), "renews_on": day(renews), "auto_renew": auto,
    }  # fmt: skip


def talk(account=0, on="2025-12-20", known=None, channel="ticket", direction="in", **more):
    plain = {
        "sentiment": np.nan,
        "satisfaction": np.nan,
        "priority": "",
        "resolved_on": day(None),
        "escalated": False,
        "reach": np.nan,
    }
    return {"account": account, "happened_on": day(on), "known_on": day(known or on), "channel": channel, "direction": direction, **plain, **more}  # fmt: skip


def frame(name, rows):
    return pd.DataFrame(rows).astype(empty(name).dtypes) if rows else empty(name)


def book(*contracts, accounts=None, usage=None, meters=("sessions",), **frames) -> Facts:
    """Return checked facts; usage [accounts, meters, DAYS] defaults to one session every day."""
    number = accounts or 1 + max(row["account"] for row in contracts)
    names = ("user_months", "interactions", "contacts", "invoices", "treated")
    return Facts(
        accounts=pd.DataFrame({"id": np.arange(number), "started_on": [day("2024-06-01")] * number}),
        subscriptions=frame("subscriptions", list(contracts)),
        usage=np.ones((number, len(meters), DAYS), dtype=np.float32) if usage is None else usage.astype(np.float32),
        first_day=FIRST,
        meters=meters,
        **{name: frame(name, frames.get(name, [])) for name in names},
    ).check()


def user_days(account, user, *texts):
    """Return user_months rows for a person active on the given days."""
    months = {}
    for text in texts:
        when = date.fromisoformat(text)
        months[when.year * 12 + when.month - 1] = months.get(when.year * 12 + when.month - 1, 0) | 1 << (when.day - 1)
    return [{"account": account, "user": user, "month": month, "days": bits} for month, bits in months.items()]
