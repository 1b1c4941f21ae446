"""The book that the desk's pages are shown with."""

import pytest

from app.accounts import searching
from app.accounts.intake import recording
from app.extensions import db
from app.forecast.deriving import derive
from app.health import scoring
from tests.books import at, days_ago, say, use
from tests.cast import NOW, TODAY, book_of


@pytest.fixture
def book(cast):
    """The five accounts of the cast, with use, talks and invoices, scored on TODAY and a week before."""
    cast.workspace.book_day = TODAY
    accounts = book_of(cast)
    for name in ("thriving", "slipping", "silent"):
        use(
            getattr(accounts, name).external_id,
            {days_ago(n): 5.0 for n in range(30 if name == "silent" else 0, 90)},
            people=("ann",),
        )
    say("silva", {"happened_at": at(days_ago(4)), "channel": "ticket", "priority": "urgent", "body": "It is broken, we cancel"},
        {"happened_at": at(days_ago(3)), "channel": "note", "direction": "internal", "body": "Call them", "author": "Olivia"})  # fmt: skip
    bill = {"account": "silva", "issued_on": days_ago(60), "due_on": days_ago(30), "amount_minor": 100_00}
    recording.record_invoices(
        [bill | {"external_id": "late"}, bill | {"external_id": "paid", "paid_on": days_ago(31)}], NOW
    )
    searching.index_accounts([each.id for each in vars(accounts).values()])
    scoring.score_past(cast.workspace, [days_ago(7)])
    derive(cast.workspace, TODAY)
    db.session.expire_all()
    return accounts
