"""The negative control: a book whose churns mean nothing. Whatever is learned from it must be refused."""

from dataclasses import replace

import numpy as np

from ml.labels import Panel


def fates_shuffled(panel: Panel, seed: int) -> Panel:
    """Give each account the whole fate of another: churns stay as many and as dated, and mean nothing."""
    rng = np.random.default_rng(seed)
    accounts = np.unique(panel.account)
    other = dict(zip(accounts.tolist(), rng.permutation(accounts).tolist(), strict=True))
    place = {pair: row for row, pair in enumerate(zip(panel.account.tolist(), panel.landmark.tolist(), strict=True))}
    source = np.array([place.get((other[account], mark), -1) for account, mark in place])
    there = source >= 0
    return replace(panel.rows(there), leaves_in=panel.leaves_in[source[there]], seen_for=panel.seen_for[source[there]])
