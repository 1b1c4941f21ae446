"""Splits that cannot leak: by time with a purge, by account, or both."""

from datetime import date

import numpy as np

from ml.facts import BoolArray, IntArray
from ml.labels import Panel, Periods, periods_of


def learnt_by(panel: Panel, cut: date) -> Periods:
    """Return the months that were over at `cut`: rows whose horizon crosses the cut are purged month by month."""
    return periods_of(panel, until=cut)


def at_landmarks(panel: Panel, first: date, last: date) -> BoolArray:
    """Tell which rows have their landmark in first..last, both included."""
    inside: BoolArray = (panel.landmark >= np.datetime64(first, "D")) & (panel.landmark <= np.datetime64(last, "D"))
    return inside


def account_folds(account: IntArray, folds: int, seed: int) -> IntArray:
    """Return a fold 0..folds-1 per row, all rows of an account in one, accounts spread evenly and at random."""
    accounts, place = np.unique(account, return_inverse=True)
    fold: IntArray = np.random.default_rng(seed).permutation(np.arange(len(accounts)) % folds)[place]
    return fold


def never_seen(account: IntArray, share: float, seed: int) -> BoolArray:
    """Tell which rows belong to a random share of accounts that training must never see."""
    accounts, place = np.unique(account, return_inverse=True)
    held: BoolArray = (np.random.default_rng(seed).permutation(len(accounts)) < share * len(accounts))[place]
    return held
