"""Accounts and people are found by the beginnings of the words of their names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from app.accounts import searching
from app.accounts.intake import recording
from app.accounts.searching import prefix_ranges, words_of
from app.core import tenancy
from app.extensions import db
from tests.books import days_ago, stretch, subscribe
from tests.cast import NOW, TODAY

NAMES = {
    "x1": "Ängelholm Bryggeri AB", "x2": "Brygga & Søn", "x3": "Łódzka Straße GmbH", "x4": "ООО Ромашка",
    "x5": "Acme Holding", "x6": "Acme Health",
}  # fmt: skip


@pytest.fixture
def book(cast):
    recording.record_accounts([{"external_id": each, "name": name} for each, name in NAMES.items()], NOW)
    subscribe(*(stretch(each, 100 * n, TODAY) for n, each in enumerate(NAMES, 1)))
    anna = {"external_id": "p1", "account": "x5", "name": "Anna Björk", "email": "ab@acme.example"}
    recording.record_contacts([anna], NOW)
    return cast


def names(asked):
    return [(hit.account, hit.person) for hit in searching.find(asked)]


def words_kept(external_id):
    query = "SELECT word FROM search_word JOIN account ON id = account_id WHERE external_id = :name AND contact_id = 0"
    return set(db.session.scalars(text(query), {"name": external_id}))


@pytest.mark.parametrize(
    ("asked", "account"),
    [
        ("ang", "x1"), ("ÄNG", "x1"), ("bryggeri ang", "x1"), ("son", "x2"), ("lodz", "x3"), ("łódz", "x3"),
        ("strasse", "x3"), ("ромаш", "x4"), ("x6", "x6"), ("acme  hea", "x6"),
    ],
)  # fmt: skip
def test_a_beginning_finds_the_name_with_or_without_its_accents(book, asked, account):
    assert names(asked) == [(NAMES[account], None)]


def test_a_former_customer_is_found_with_the_day_it_left(book):
    recording.record_accounts([{"external_id": "x7", "name": "Gone Home"}], NOW)
    subscribe(stretch("x7", 600, days_ago(400), days_ago(40)))
    (former,) = searching.find("gone")
    assert (former.stage, former.left_on, former.arr_minor) == ("former", days_ago(40), 0)
    (customer,) = searching.find("acme hol")[:1]
    assert (customer.stage != "former", customer.left_on) == (True, None)


def test_the_largest_account_comes_first_and_people_after_accounts(book):
    companies = ["Acme Health", "Acme Holding", "Ängelholm Bryggeri AB"]
    assert names("a") == [*((name, None) for name in companies), ("Acme Holding", "Anna Björk")]


def test_every_word_must_be_met(book):
    assert names("acme brygg") == []
    assert names("bry") == [("Brygga & Søn", None), ("Ängelholm Bryggeri AB", None)]


def test_people_are_found_by_name_and_mail_with_their_account(book):
    assert names("bjo") == names("ab")[1:] == [("Acme Holding", "Anna Björk")]
    assert names("anna holding") == [("Acme Holding", None)]
    assert names("bjork acme") == [("Acme Holding", "Anna Björk")]


def test_a_word_from_the_middle_or_no_word_finds_nothing(book):
    assert names("cme") == names("") == names("!?") == []


def test_a_name_that_changed_is_found_by_the_new_one_only(book):
    recording.record_accounts([{"external_id": "x5", "name": "Zenith"}], NOW)
    subscribe()
    assert names("holding") == []
    assert ("Zenith", None) in names("zen")


def test_new_and_known_accounts_of_one_batch_are_both_found(book):
    batch = [
        {"external_id": "x5", "name": "Zenith", "domain": "zenith.example"},
        {"external_id": "x7", "name": "Zephyr"},
    ]
    recording.record_accounts([{"domain": None} | each for each in batch], NOW)
    assert words_kept("x7") == {"x7", "zephyr"}
    assert words_kept("x5") == {"x5", "zenith", "example"}


def test_nothing_is_found_of_what_was_deleted(book):
    db.session.execute(text("DELETE FROM contact WHERE external_id = 'p1'"))
    assert names("anna") == []
    assert words_kept("x5") == {"x5", "acme", "holding"}
    db.session.execute(text("DELETE FROM account WHERE external_id = 'x5'"))
    db.session.execute(text("DELETE FROM account WHERE external_id = 'x6'"))
    assert db.session.scalar(text("SELECT count(*) FROM search_word WHERE word IN ('acme', 'x5', 'x6')")) == 0
    assert names("bry") != []


def test_no_more_come_than_are_asked_for(book):
    assert len(searching.find("a", limit=2)) == 2


def test_nobody_is_found_from_another_workspace(book):
    with tenancy.workspace(book.elsewhere.id):
        assert names("acme") == []


@given(st.text())
def test_words_are_plain_short_and_each_once(name):
    words = words_of(name)
    assert len(set(words)) == len(words)
    assert all(0 < len(word) <= 40 and not word.isspace() for word in words)
    assert words == sorted(words, key=lambda word: (-len(word), word))


@given(st.text(min_size=1, max_size=20), st.text(max_size=20))
def test_a_range_holds_exactly_the_words_that_begin_so(beginning, rest):
    for word, (low, high) in zip(words_of(beginning), prefix_ranges(beginning), strict=True):
        assert low <= word + rest < high or rest[:1] > "\U0010fffe"
        assert not low <= word[:-1] < high
