from datetime import UTC, date, datetime

from app.health import dating
from app.usage.intake.ingesting import ensure_meters, ingest
from tests.cast import book_of


def test_an_old_book_is_read_as_of_its_last_day_of_use_not_the_first_of_that_month(cast):
    account = book_of(cast).thriving
    ensure_meters(["logins"])
    for day in (27, 28):
        event = {
            "event_id": f"e-{day}",
            "account": account.external_id,
            "meter": "logins",
            "quantity": 1,
            "person": None,
        }
        ingest(
            "csv", [{**event, "happened_at": datetime(2027, 2, day, 12, tzinfo=UTC)}], datetime(2027, 3, 1, tzinfo=UTC)
        )
    assert dating.settle(cast.workspace, datetime(2027, 9, 1, tzinfo=UTC)) == date(2027, 2, 28)
    assert cast.workspace.book_day == date(2027, 2, 28)


def test_a_book_with_a_fact_of_this_month_is_read_as_of_today(cast):
    account = book_of(cast).thriving
    ensure_meters(["logins"])
    event = {"event_id": "e", "account": account.external_id, "meter": "logins", "quantity": 1, "person": None}
    ingest("csv", [{**event, "happened_at": datetime(2027, 2, 25, 12, tzinfo=UTC)}], datetime(2027, 3, 1, tzinfo=UTC))
    assert dating.settle(cast.workspace, datetime(2027, 3, 28, tzinfo=UTC)) == date(2027, 3, 28)
