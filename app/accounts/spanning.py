"""Says in SQL which accounts are meant: a range where their ids lie close together, a list where they lie apart."""

from collections.abc import Sequence


def span(account_ids: Sequence[int]) -> str:
    """Give a condition on `account_id` that holds for ids (ascending, one at least). A range may hold others too."""
    low, high = account_ids[0], account_ids[-1]
    if high - low < 2 * len(account_ids):
        return f"account_id BETWEEN {low:d} AND {high:d}"
    return f"account_id = ANY('{listed(account_ids)}')"


def listed(account_ids: Sequence[int]) -> str:
    """Give ids as PostgreSQL writes an array: one parameter to be cast, far cheaper than a bound list of thousands."""
    return f"{{{','.join(map(str, map(int, account_ids)))}}}"
