from app.connectors.csv.book import Book, Stretch
from app.connectors.csv.checks.check import Check
from app.connectors.csv.translating import Taken
from app.core.money import money


class ChurnEventButPaying(Check):
    """Churn events after which paid subscriptions of the account still run."""

    code = "churn_event_but_paying"
    title = "Churn events that leave paid subscriptions running"
    effect = "These accounts keep counting as customers with the ARR of what still runs."
    remedy = "Ask billing what was cancelled: a part (then end that subscription) or everything (end them all)."
    kinds = frozenset({"churn_events"})

    def __init__(self) -> None:
        super().__init__()
        self._stretches: dict[str, list[Stretch]] | None = None

    def look(self, row: Taken, book: Book) -> None:
        self.out_of += 1
        if self._stretches is None:
            self._stretches = book.by_account()
        day, account = row.record["happened_at"].astimezone(book.zone).date(), row.record["account"]
        left = [stretch for stretch in self._stretches.get(account, []) if stretch.runs_on(day)]
        if left:
            total = money(sum(stretch.arr_minor for stretch in left), book.currency)
            self.hit(f"{account} on {day}: {len(left)} paid subscriptions run on, {total} ARR", row)


class FlagButPaying(Check):
    """Accounts whose own file says churned, and which pay; and the other way round."""

    code = "flag_but_paying"
    title = "Accounts marked as churned that are paying"
    effect = ""
    remedy = "Take the mark out of the accounts file, or put end dates into the subscriptions file, and bring it again."
    kinds = frozenset({"accounts"})

    def __init__(self) -> None:
        super().__init__()
        self._flags: dict[str, tuple[bool, Taken]] = {}

    def look(self, row: Taken, book: Book) -> None:
        del book
        if row.values.get("churned") is not None:
            self._flags[row.record["external_id"]] = (row.values["churned"], row)

    def close(self, book: Book) -> None:
        flagged = {account: row for account, (is_flagged, row) in self._flags.items() if is_flagged}
        self.out_of, arr = len(flagged), 0
        stretches = book.by_account()
        for account, row in flagged.items():
            running = [stretch for stretch in stretches.get(account, []) if stretch.runs_on(book.today)]
            if running:
                paid = sum(stretch.arr_minor for stretch in running)
                arr += paid
                self.hit(f"{account} is marked as churned and pays {money(paid, book.currency)} ARR", row)
        owed = money(arr, book.currency)
        self.effect = f"The mark is kept with the account and moves nothing; {owed} of today's ARR is theirs."
