"""Usage read as arrays says what SQL says."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from app.accounts.queries import get_summary
from app.accounts.spanning import span
from app.core import tenancy
from app.extensions import db
from app.usage import summarising
from app.usage.history import first_used_on, people_history, usage_history
from app.usage.intake.ingesting import ensure_meters
from tests.books import days_ago, subscribe, use, write_accounts
from tests.cast import TODAY

FIRST, LAST = date(2026, 1, 10), date(2026, 4, 20)


@pytest.fixture
def ids(workspace):
    """Ten accounts; the first and every third use two meters over five months."""
    names = [f"acc{n}" for n in range(10)]
    ids = write_accounts(*names)
    for n, name in enumerate(names):
        if n % 3 == 0:
            use(name, {date(2025, 12, 15) + timedelta(days=d): float(n + d) for d in range(0, 160, n + 1)})
            use(name, {date(2026, 2, 28): 5.0, date(2026, 3, 1): 7.5}, meter="reports")
    return ids


def _by_sql(ids):
    """Give totals [accounts, meters, days] from the first of January on, looked up one by one."""
    query = text(
        "SELECT totals FROM daily_usage u JOIN meter m ON m.id = u.meter_id WHERE account_id = :id AND code = :code AND month = :month"
    )
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range((LAST - date(2026, 1, 1)).days + 1)]
    rows = {
        (i, code, month): db.session.execute(query, {"id": i, "code": code, "month": month}).scalar() or [0.0] * 31
        for i in ids
        for code in ("events", "reports")
        for month in {day.replace(day=1) for day in days}
    }
    return np.array(
        [
            [[rows[i, code, day.replace(day=1)][day.day - 1] for day in days] for code in ("events", "reports")]
            for i in ids
        ]
    )


def test_the_array_equals_what_is_stored(ids):
    history = usage_history(ids, FIRST, LAST)
    assert (history.first_day, history.meters) == (date(2026, 1, 1), ("events", "reports"))
    assert history.totals.dtype == np.float32
    assert np.array_equal(history.totals, _by_sql(ids))
    assert history.totals.sum() > 0


@pytest.mark.parametrize("chosen", [[0, 9], [3], [1, 2], [0, 1, 2, 3, 6]])
def test_some_accounts_read_alone_say_the_same_as_among_all(ids, chosen):
    whole = usage_history(ids, FIRST, LAST).totals
    assert np.array_equal(usage_history([ids[n] for n in chosen], FIRST, LAST).totals, whole[chosen])


def test_no_account_or_no_meter_gives_an_empty_array(workspace):
    (acme,) = write_accounts("acme")
    assert usage_history([acme], FIRST, LAST).totals.shape == (1, 0, 110)
    assert len(people_history([], FIRST, LAST)["days"]) == 0
    ensure_meters(["events"])
    assert usage_history([], FIRST, LAST).totals.shape == (0, 1, 110)
    assert usage_history([acme], FIRST, LAST).totals.sum() == 0


def test_only_the_weightiest_meters_are_read(ids):
    assert usage_history(ids, FIRST, LAST, most_meters=1).meters == ("events",)


def test_usage_of_another_workspace_is_not_read(ids, cast):
    with tenancy.workspace(cast.elsewhere.id):
        ensure_meters(["events"])
        assert usage_history(ids, FIRST, LAST).totals.sum() == 0
        assert len(people_history(ids, FIRST, LAST)["days"]) == 0


def test_people_come_with_their_months(workspace):
    (acme,) = write_accounts("acme")
    use("acme", {date(2026, 1, 31): 1, date(2026, 2, 1): 1, date(2026, 2, 2): 1}, people=("ann", "bob"))
    found = people_history([acme], date(2026, 2, 20), date(2026, 2, 28))
    assert found["account_id"].tolist() == [acme, acme]
    assert found["month"].tolist() == [date(2026, 2, 1)] * 2
    assert found["days"].tolist() == [3, 3]
    assert len(set(found["person"].tolist())) == 2
    assert first_used_on() == date(2026, 1, 1)


@given(st.sets(st.integers(1, 10**9), min_size=1, max_size=50))
def test_a_span_holds_every_account_meant(ids):
    ordered = sorted(ids)
    said = span(ordered)
    if "BETWEEN" in said:
        low, high = map(int, said.removeprefix("account_id BETWEEN ").split(" AND "))
        assert (low, high) == (ordered[0], ordered[-1])
        assert high - low < 2 * len(ordered)
    else:
        assert said == f"account_id = ANY('{{{','.join(map(str, ordered))}}}')"


def summary_after(days, *, as_of=TODAY, people=(None,), account="acme"):
    (account_id,) = write_accounts(account)
    subscribe()
    use(account, days, people=people)
    summarising.refresh(None, as_of)
    db.session.expire_all()
    return get_summary(account_id)


def test_four_weeks_are_held_against_the_four_before(workspace):
    found = summary_after({days_ago(0): 1, days_ago(27): 2, days_ago(28): 4, days_ago(55): 8, days_ago(56): 16})
    assert (found.usage_28d, found.usage_before_28d, found.last_used_on) == (3, 12, TODAY)


def test_a_person_counts_once_however_often_they_come(workspace):
    use_of_ann = {days_ago(n): 1.0 for n in range(0, 40, 3)}
    found = summary_after(use_of_ann, people=("ann", "bob", None))
    use("acme", {days_ago(28): 1}, people=("gone",))
    summarising.refresh([found.account_id], TODAY)
    db.session.expire_all()
    assert found.active_users_28d == 2


def test_the_last_use_moves_on_when_nothing_else_does(workspace):
    """The same use every day leaves all sums as they were."""
    found = summary_after({days_ago(n): 5.0 for n in range(60)}, as_of=days_ago(1))
    assert found.last_used_on == days_ago(1)
    summarising.refresh(None, TODAY)
    db.session.expire_all()
    assert (found.usage_28d, found.last_used_on) == (140, TODAY)


def test_the_last_use_is_remembered_after_eight_weeks_of_silence(workspace):
    found = summary_after({days_ago(50): 5.0})
    assert found.last_used_on == days_ago(50)
    summarising.refresh(None, days_ago(-30))
    db.session.expire_all()
    assert (found.usage_28d, found.last_used_on) == (0, days_ago(50))


def test_without_a_meter_use_is_unknown_and_not_nothing(workspace):
    (acme,) = write_accounts("acme")
    subscribe()
    summarising.refresh(None, TODAY)
    assert get_summary(acme).usage_28d is None
