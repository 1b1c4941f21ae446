from app.connectors.csv.book import Book
from app.connectors.csv.checks.check import Check
from app.connectors.csv.translating import Taken


class UsageOutsideSubscription(Check):
    """Usage that names a subscription and falls on a day on which that subscription did not run."""

    code = "usage_outside_subscription"
    title = "Usage outside the dates of its own subscription"
    effect = (
        "It is counted for the account on the day that it names, so usage per account is whole;"
        " usage per subscription cannot be trusted."
    )
    remedy = (
        "Ask who owns the export whether usage is joined to the right subscription. If contracts are renewed under new"
        " ids, export usage with the account's id instead."
    )
    kinds = frozenset({"usage"})

    def look(self, row: Taken, book: Book) -> None:
        stretches = book.stretches.get(row.record["subscription"] or "", {}).values()
        if not stretches:
            return
        self.out_of += 1
        day = row.record["happened_at"].astimezone(book.zone).date()
        if not any(stretch.runs_on(day) for stretch in stretches):
            first = min(stretch.started_on for stretch in stretches)
            self.hit(f"{row.record['subscription']} used on {day}, but starts on {first}" if day < first else
                     f"{row.record['subscription']} used on {day}, after its end", row)  # fmt: skip
