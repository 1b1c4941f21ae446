from app.connectors.csv.book import Book
from app.connectors.csv.checks.check import Check
from app.connectors.csv.translating import Taken


class _BeforeSignup(Check):
    def look(self, row: Taken, book: Book) -> None:
        signed_up_on = book.accounts[row.record["account"]].signed_up_on
        if signed_up_on is None:
            return
        self.out_of += 1
        given = row.record.get("happened_at")
        day = given.astimezone(book.zone).date() if given else row.record["started_on"]
        if day < signed_up_on:
            self.hit(f"{row.record['external_id']} on {day}; {row.record['account']} signed up on {signed_up_on}", row)


class SaidBeforeSignup(_BeforeSignup):
    """Tickets and other conversations from before the account existed."""

    code = "said_before_signup"
    title = "Conversations before the account's sign-up"
    effect = "They stand on the timeline at their own date, before the sign-up."
    remedy = "If the sign-up date is that of a migration, correct it in the accounts file and bring that file again."
    kinds = frozenset({"interactions"})


class UsageBeforeSignup(_BeforeSignup):
    """Usage from before the account existed."""

    code = "usage_before_signup"
    title = "Usage before the account's sign-up"
    effect = "It is counted on the day that it names, before the sign-up."
    remedy = (
        "Correct the sign-up dates and bring the accounts again, or ask whether usage is joined to the right account."
    )
    kinds = frozenset({"usage"})


class PaidBeforeSignup(_BeforeSignup):
    """Subscriptions that start before the account existed."""

    code = "paid_before_signup"
    title = "Subscriptions that start before the account's sign-up"
    effect = "ARR follows the subscription: the account counts as paying from its start."
    remedy = "Correct whichever of the two dates is wrong and bring that file again."
    kinds = frozenset({"subscriptions"})
