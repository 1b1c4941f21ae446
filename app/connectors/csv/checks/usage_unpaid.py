from app.connectors.csv.book import Book, Stretch
from app.connectors.csv.checks.check import Check
from app.connectors.csv.translating import Taken


class UsageUnpaid(Check):
    """Usage on days on which its account ran no subscription at all, not even a trial."""

    code = "usage_unpaid"
    title = "Usage on days without any subscription"
    effect = "It is counted on the day that it names, though nothing was paid for then."
    remedy = "Look whether a migration gave contracts new start dates, or whether trials are missing from the export."
    kinds = frozenset({"usage"})

    def __init__(self) -> None:
        super().__init__()
        self._stretches: dict[str, list[Stretch]] | None = None

    def look(self, row: Taken, book: Book) -> None:
        self.out_of += 1
        day, account = row.record["happened_at"].astimezone(book.zone).date(), row.record["account"]
        if not any(stretch.runs_on(day) for stretch in self._of(account, book)):
            self.hit(f"{account} used {day} without a subscription", row)

    def _of(self, account: str, book: Book) -> list[Stretch]:
        if self._stretches is None:  # subscriptions are read before usage
            self._stretches = book.by_account(paid_only=False)
        return self._stretches.get(account, [])
