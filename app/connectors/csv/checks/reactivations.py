from collections import defaultdict
from datetime import date

from app.connectors.csv.book import Book
from app.connectors.csv.checks.check import Check
from app.connectors.csv.translating import Taken


class ReactivationUnseen(Check):
    """Events marked as a reactivation of accounts that never stopped paying before."""

    code = "reactivation_unseen"
    title = "Reactivations that the subscriptions do not show"
    effect = "No reactivation is counted for them: the account's ARR was never 0 in between."
    remedy = "If the customer was away, put the end date of the earlier subscription into its file and bring it again."
    kinds = frozenset({"churn_events"})

    def __init__(self) -> None:
        super().__init__()
        self._returns: dict[str, list[date]] | None = None

    def look(self, row: Taken, book: Book) -> None:
        if not row.values.get("is_reactivation"):
            return
        self.out_of += 1
        if self._returns is None:
            self._returns = _returns(book)
        account = row.record["account"]
        if account not in self._returns:
            self.hit(f"{account} on {row.record['happened_at'].astimezone(book.zone).date()}", row)


def _returns(book: Book) -> dict[str, list[date]]:
    """Give the days on which accounts began to pay again after a time without a paid subscription."""
    found: dict[str, list[date]] = defaultdict(list)
    for account, stretches in book.by_account().items():
        paid_until: date | None = None
        for stretch in sorted(stretches, key=lambda each: each.started_on):
            if paid_until is not None and stretch.started_on > paid_until:
                found[account].append(stretch.started_on)
            ends = stretch.ended_on or date.max
            paid_until = max(paid_until or ends, ends)
    return found
