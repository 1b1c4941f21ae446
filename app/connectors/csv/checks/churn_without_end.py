from collections import defaultdict
from datetime import date

from app.connectors.csv.book import Book
from app.connectors.csv.checks.check import Check
from app.connectors.csv.translating import Taken

_NEAR_DAYS = 31


class ChurnWithoutEnd(Check):
    """Churn events on a day on which no subscription of the account ends."""

    code = "churn_without_end"
    title = "Churn events that match no end of a subscription"
    effect = ""
    remedy = (
        "Decide which is right. If the customer did leave, put the end date into the subscriptions file and bring it"
        " again; if not, the event is a note on the timeline and does no harm."
    )
    kinds = frozenset({"churn_events"})

    def __init__(self) -> None:
        super().__init__()
        self.near = 0
        self._ends: dict[str, set[date]] | None = None

    def look(self, row: Taken, book: Book) -> None:
        self.out_of += 1
        day, account = row.record["happened_at"].astimezone(book.zone).date(), row.record["account"]
        ends = self._of(account, book)
        if day not in ends:
            nearest = min(ends, key=lambda end: abs((end - day).days), default=None)
            self.near += nearest is not None and abs((nearest - day).days) <= _NEAR_DAYS
            self.hit(
                f"{account} on {day}; "
                + (f"its nearest end is {nearest}" if nearest else "none of its subscriptions ends"),
                row,
            )

    def close(self, book: Book) -> None:
        del book
        self.effect = (
            f"None on ARR: only end dates move it. {self.out_of - self.count} events fall on an end,"
            f" {self.near} more within {_NEAR_DAYS} days of one. The rest are kept as notes and count as no churn."
        )

    def _of(self, account: str, book: Book) -> set[date]:
        if self._ends is None:
            self._ends = defaultdict(set)
            for stretches in book.stretches.values():
                for stretch in stretches.values():
                    if stretch.ended_on:
                        self._ends[stretch.account].add(stretch.ended_on)
        return self._ends.get(account, set())
