"""The accounts as the company's own export shows them."""

import numpy as np
import pandas as pd

from app.demo.story.book import TIERS, Book
from app.demo.story.telling import Story
from app.demo.story.timeline import Ints, stream
from app.demo.words.companies import christen

ACCOUNTS_PER_OWNER = 80
COUNTRY_SHARE = {
    "US": 0.30, "GB": 0.13, "DE": 0.11, "FR": 0.08, "NL": 0.06, "CA": 0.06, "ES": 0.05,
    "SE": 0.04, "IT": 0.04, "AU": 0.04, "IN": 0.03, "BR": 0.03, "SG": 0.02, "ZA": 0.01,
}  # fmt: skip


def account_rows(story: Story) -> pd.DataFrame:
    """The frame `accounts`: one row an account, its position is its index."""
    book, time, rng = story.book, story.time, stream(story.seed, "names")
    count = len(book)
    names, domains, industries = christen(count, rng)
    return pd.DataFrame(
        {
            "external_id": [f"{name.split()[0].lower()}-{at:04d}" for at, name in enumerate(names, 1)],
            "name": names,
            "domain": domains,
            "industry": industries,
            "country": rng.choice(list(COUNTRY_SHARE), count, p=list(COUNTRY_SHARE.values())),
            "tier": np.array(TIERS)[book.tier],
            "parent": _parents(book, rng),
            "signed_up_on": time.dates(time.day(book.start, book.offset)),
            "owner": rng.permutation(np.arange(count) % max(1, round(count / ACCOUNTS_PER_OWNER))),
            "employees": np.rint(book.seats * rng.lognormal(2.2, 0.7, count)).astype(np.int64) + 1,
        }
    )


def _parents(book: Book, rng: np.random.Generator) -> Ints:
    """About 4 % belong to a larger account, which itself belongs to none: no chains, no rings. -1 = none."""
    larger = np.flatnonzero(book.tier > 0)
    child = (book.tier == 0) & (rng.random(len(book)) < 0.07)
    if not len(larger):
        return np.full(len(book), -1)
    return np.where(child, rng.choice(larger, len(book)), -1)
