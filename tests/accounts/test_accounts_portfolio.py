"""The book as a list: every filter, every order, and pages that give each account once."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.accounts import portfolio
from app.accounts.intake import recording
from app.accounts.models import Account, AccountSummary
from app.accounts.portfolio import Asked, key_of, page, totals
from app.core import tenancy
from app.extensions import db
from app.playbooks.models import Task
from app.playbooks.tasks.handing_over import hand_over
from tests.cast import NOW, TODAY, book_of


@pytest.fixture
def book(cast):
    accounts = book_of(cast)
    recording.searching.index_accounts([each.id for each in vars(accounts).values()])
    return accounts


@pytest.fixture
def names(book):
    return lambda today=TODAY, **words: [row.name.split()[0] for row in page(Asked.of(words), today)]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({}, ["Thornfield", "Newbridge", "Slate", "Silva"]),
        ({"band": "at risk"}, ["Silva"]),
        ({"band": "unknown"}, ["Newbridge"]),
        ({"stage": "former"}, ["Chandler"]),
        ({"stage": "onboarding"}, ["Newbridge"]),
        ({"tier": "standard", "arr": "24000"}, ["Thornfield", "Newbridge", "Slate"]),
        ({"tier": "gold"}, []),
        ({"risk": "31"}, ["Slate", "Silva"]),
        ({"risk": "0"}, ["Thornfield", "Slate", "Silva"]),
        ({"owner": "nobody"}, []),
        ({"q": "sla"}, ["Slate"]),
        ({"q": "sla", "band": "thriving"}, []),
        ({"q": "imports silva"}, ["Silva"]),
    ],
)
def test_a_filter_leaves_what_fits_the_largest_first(names, words, expected):
    assert names(**words) == expected


@pytest.mark.parametrize(
    "words", [{}, {"band": "at risk"}, {"stage": "former"}, {"risk": "31"}, {"q": "imports silva"}, {"tier": "gold"}]
)
def test_totals_are_the_sums_of_what_the_list_shows(book, words):
    rows, summed = page(Asked.of(words), TODAY), totals(Asked.of(words), TODAY)
    assert (summed.accounts, summed.arr_minor) == (len(rows), sum(row.arr_minor for row in rows))
    assert summed.at_stake_minor == sum(row.at_stake_minor for row in rows if row.risk is not None)
    assert summed.unknown == sum(row.risk is None for row in rows)


def test_owners_are_filtered_by_their_number(names, cast, book):
    assert names(owner=str(cast.colleague.id)) == []
    hand_over([book.silent.id], cast.colleague.id)
    assert names(owner=str(cast.colleague.id)) == ["Silva"]
    assert names(owner=str(cast.owner.id)) == ["Thornfield", "Newbridge", "Slate"]


def test_renewals_are_filtered_by_the_days_that_lie_ahead(names, book):
    summary = db.session.get_one(AccountSummary, (tenancy.workspace_id(), book.silent.id))
    summary.renews_on = date(2026, 12, 1)
    db.session.flush()
    assert names(renews="11") == ["Silva"]
    assert names(renews="10") == []
    assert names(renews="99999999") == ["Thornfield", "Newbridge", "Slate", "Silva"]


def test_an_amount_is_meant_in_whole_units_of_the_currency(book):
    assert len(page(Asked.of({"arr": "48000"}), TODAY, minor=100)) == 1
    assert len(page(Asked.of({"arr": "48000"}), TODAY, minor=1)) == 4


@pytest.mark.parametrize(
    "words",
    [
        {"band": "purple"},
        {"owner": "me"},
        {"renews": "-1"},
        {"arr": "1e9"},
        {"stage": "gone"},
        {"sort": "size"},
        {"x": "y"},
        {"tier": "  "},
    ],
)
def test_words_that_mean_nothing_are_left_out(words):
    assert Asked.of(words) == Asked({})


@pytest.mark.parametrize("words", [{"owner": "9" * 90}, {"arr": "9" * 90}, {"risk": "9" * 90}])
def test_numbers_beyond_all_measure_find_nothing(names, words):
    assert names(**words) == []


def test_what_is_asked_goes_into_an_address_and_back():
    asked = Asked.of({"q": " sla ", "band": "watch", "sort": "risk", "after": "x"})
    assert asked.as_args() == {"q": "sla", "band": "watch", "sort": "risk"}
    assert Asked.of(asked.as_args()) == asked
    assert portfolio.as_json_object(asked.as_args()) == '{"band": "watch", "q": "sla", "sort": "risk"}'


@pytest.fixture
def ties(cast):
    """Thirty accounts, many of them alike, one of them elsewhere."""
    made = [Account(external_id=f"t{n}", name=f"Tie {n % 3}") for n in range(30)]
    db.session.add_all(made)
    db.session.flush()
    for n, account in enumerate(made):
        row = AccountSummary(
            account_id=account.id, name=account.name, stage="adopting", arr_minor=100 * (n % 2 + 1),
            score=None if n % 5 == 0 else 40.0 + n % 4, risk=None if n % 7 == 0 else n % 3 / 10,
            renews_on=None if n % 6 == 0 else date(2026, 12, 1 + n % 4), seats=None if n % 5 == 0 else n % 4,
            last_touch_at=None if n % 4 == 0 else datetime(2026, 11, 1 + n % 3, tzinfo=UTC),
            usage_28d=None if n % 6 == 0 else -9 if n == 1 else n % 5, usage_before_28d=n % 3, plan=[None, "pro", "team"][n % 3],
        )  # fmt: skip
        db.session.add(row)
    db.session.flush()
    return {account.id for account in made}


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize("sort", portfolio._SORTS)
def test_pages_give_every_account_once_and_in_order_whatever_the_ties(ties, sort, sign):
    asked, after, seen = Asked.of({"sort": sign + sort}), None, []
    while True:
        rows = page(asked, TODAY, after, size=4)
        seen += rows[:4]
        if len(rows) <= 4:
            break
        after = key_of(rows[3])
    assert [row.account_id for row in seen] == [row.account_id for row in page(asked, TODAY, size=99)]
    assert {row.account_id for row in seen} == ties
    assert len(seen) == len(ties)
    keys = [row.sort_key for row in seen]
    assert keys == sorted(keys, reverse=bool(sign))


@given(
    st.dictionaries(
        st.sampled_from(["q", "band", "owner", "renews", "risk", "arr", "sort", "tier"]), st.text(max_size=8)
    )
)
def test_reading_an_address_twice_is_reading_it_once(words):
    asked = Asked.of(words)
    assert Asked.of(asked.as_args()) == asked


def test_an_account_takes_its_owners_open_tasks_along_and_no_one_elses(book, cast, new_task):
    mine, done, leaders = new_task(cast.owner), new_task(cast.owner, is_open=False), new_task(cast.leader)
    assert hand_over([book.silent.id, book.silent.id, 2**40], cast.colleague.id) == [book.silent.id]
    db.session.expire_all()
    assert [task.owner_id for task in (mine, done, leaders)] == [cast.colleague.id, cast.owner.id, cast.leader.id]
    assert book.silent.owner_id == cast.colleague.id
    assert book.slipping.owner_id == cast.owner.id


def test_accounts_of_another_workspace_are_not_handed_over(book, cast):
    with tenancy.workspace(cast.elsewhere.id):
        assert hand_over([book.silent.id], cast.outsider.id) == []
    db.session.expire_all()
    assert book.silent.owner_id == cast.owner.id


@pytest.fixture
def new_task(book, cast):
    def write(owner, **columns):
        task = Task(account_id=book.silent.id, owner_id=owner.id, title="Call", due_on=TODAY, created_at=NOW, **columns)
        db.session.add(task)
        db.session.flush()
        return task

    return write


@pytest.mark.parametrize("sort", ["change", "-change"])
def test_accounts_whose_usage_cannot_be_compared_come_last_either_way(ties, sort):
    rows = page(Asked.of({"sort": sort}), TODAY, size=99)
    known = [bool(row.usage_28d is not None and row.usage_before_28d) for row in rows]
    assert known == sorted(known, reverse=True)
    assert 0 < sum(known) < len(known)
