"""Contradictions within the subscriptions themselves."""

from itertools import pairwise

from app.connectors.csv.book import Book, Stretch
from app.connectors.csv.checks.check import Check
from app.connectors.csv.translating import Taken
from app.core.money import money


class EndedInNameOnly(Check):
    """Subscriptions that are said to be over and have no end date."""

    code = "ended_in_name_only"
    title = "Subscriptions said to be over that have no end date"
    effect = "They run on and their ARR counts: without a day it cannot be said when the revenue was lost."
    remedy = "Put the end date into the subscriptions file and bring it again."
    kinds = frozenset({"subscriptions"})

    def look(self, row: Taken, book: Book) -> None:
        self.out_of += 1
        if row.values.get("churned") and row.record["ended_on"] is None:
            self.hit(f"{row.record['external_id']}: {money(row.record['arr_minor'], book.currency)} ARR", row)


class ArrIsNotTwelveMonths(Check):
    """Rows whose ARR is not twelve times their MRR."""

    code = "arr_is_not_twelve_mrr"
    title = "ARR that is not twelve times MRR"
    effect = "ARR is taken as given; MRR is not used."
    remedy = "If MRR is right, map the ARR column to nothing and bring the file again."
    kinds = frozenset({"subscriptions"})

    def look(self, row: Taken, book: Book) -> None:
        arr, mrr = row.values.get("arr"), row.values.get("mrr")
        if arr is None or mrr is None:
            return
        self.out_of += 1
        if arr != mrr * 12:
            self.hit(f"{row.record['external_id']}: ARR {arr}, MRR {mrr} ({book.currency})", row)


class PaidForNoDay(Check):
    """Paid subscriptions that end on the day they start."""

    code = "paid_for_no_day"
    title = "Subscriptions that end on the day they start"
    effect = "They never ran, so they appear in no movement of ARR."
    remedy = "If the end date is the last paid day, map it to “Last day paid” and bring the file again."
    kinds = frozenset({"subscriptions"})

    def look(self, row: Taken, book: Book) -> None:
        self.out_of += 1
        if row.record["ended_on"] == row.record["started_on"]:
            arr = money(row.record["arr_minor"], book.currency)
            self.hit(f"{row.record['external_id']} on {row.record['started_on']}, {arr} ARR", row)


class TrialPays(Check):
    """Trials with ARR, which is counted."""

    code = "trial_pays"
    title = "Trials that have ARR"
    effect = "The ARR counts, since somebody wrote it down as recurring."
    remedy = "Take the trial mark off, or set the ARR of trials to 0, and bring the file again."
    kinds = frozenset({"subscriptions"})

    def look(self, row: Taken, book: Book) -> None:
        if not row.record["is_trial"]:
            return
        self.out_of += 1
        if row.record["arr_minor"]:
            self.hit(f"{row.record['external_id']}: {money(row.record['arr_minor'], book.currency)}", row)


class StretchesOverlap(Check):
    """Two stretches of one subscription that run at the same time, so that it is paid twice."""

    code = "stretches_overlap"
    title = "Subscriptions that overlap themselves"
    effect = "Both stretches count, so the ARR of those days is counted twice."
    remedy = "End the earlier row on the day the later one starts, and bring the file again."
    kinds = frozenset({"subscriptions"})

    def close(self, book: Book) -> None:
        for external_id, by_start in book.stretches.items():
            ordered = [by_start[start] for start in sorted(by_start)]
            self.out_of += 1
            if any(_overlap(*pair) for pair in pairwise(ordered)):
                self.hit(f"{external_id} of {ordered[0].account}")


class SeveralAtOnce(Check):
    """Accounts that pay for several subscriptions today."""

    code = "several_at_once"
    title = "Accounts with several paid subscriptions at once"
    effect = (
        "The account's ARR is their sum, and one of them ending is contraction, not churn: right for add-ons and sites."
    )
    remedy = (
        "If a new row was meant to replace the one before, put the end date on the older one and bring the file again."
    )
    kinds = frozenset({"subscriptions"})

    def close(self, book: Book) -> None:
        for account, stretches in book.by_account().items():
            running = [stretch for stretch in stretches if stretch.runs_on(book.today)]
            self.out_of += bool(running)
            if len(running) > 1:
                total = money(sum(stretch.arr_minor for stretch in running), book.currency)
                self.hit(f"{account}: {len(running)} subscriptions, {total} ARR")


def _overlap(first: Stretch, second: Stretch) -> bool:
    return first.ended_on is None or first.ended_on > second.started_on
