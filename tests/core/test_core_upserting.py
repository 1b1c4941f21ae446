"""Many records in one statement: added, changed or left alone, and counted rightly."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from app.accounts.models import Account, SearchWord
from app.core.bulk import upserting
from app.core.bulk.upserting import MANY, NOTHING, Upserted, as_json, upsert
from app.extensions import db
from tests.books import afresh, searched, write_accounts


def record(external_id, name="A", **fields):
    return {"external_id": str(external_id), "name": name} | fields


def put(*records):
    return upsert(Account, records, ("external_id",), "external_id")


def kept():
    return dict(db.session.execute(select(Account.external_id, Account.name)).all())


def test_counts_tell_what_became_of_each_record(workspace):
    assert put(record(1), record(2)) == Upserted(2, 0, 0, frozenset({"1", "2"}), frozenset({"1", "2"}))
    assert put(record(1), record(2, "B"), record(3)) == Upserted(1, 1, 1, frozenset({"2", "3"}), frozenset({"3"}))
    assert put() == NOTHING


def test_unknown_is_a_value_like_any_other(workspace):
    put(record(1, tier=None))
    assert put(record(1, tier=None)).unchanged == 1
    assert put(record(1, tier="gold")).updated == 1
    assert put(record(1, tier=None)).updated == 1


@pytest.mark.parametrize("value", ['O\'Neil "x" \\ {}', "ünï 漢 🎉", "line\nbreak", "NULL", ":bind %s"])
def test_any_text_goes_in_as_it_is(workspace, value):
    put(record(1, value))
    assert kept() == {"1": value}


def test_a_stamp_moves_with_a_change_and_alone_makes_none(workspace):
    stamps = [datetime(2026, 1, n, tzinfo=UTC) for n in (1, 2, 3)]
    for name, stamp in zip(("A", "A", "B"), stamps, strict=True):
        upsert(Account, [record(1, name)], ("external_id",), "id", stamp={"updated_at": stamp})
        kept_at = db.session.scalar(select(Account.updated_at))
        assert kept_at == (stamps[0] if name == "A" else stamp)


def test_objects_are_compared_by_what_they_say(workspace):
    put(record(1, custom={"a": 1, "b": [1, 2]}))
    assert put(record(1, custom={"b": [1, 2], "a": 1})).unchanged == 1
    assert put(record(1, custom={"a": 2})).updated == 1


def test_more_than_a_statement_holds_goes_in_by_chunks(workspace, monkeypatch):
    monkeypatch.setattr(upserting, "CHUNK", 7)
    assert put(*(record(n) for n in range(30))).added == 30
    assert put(*(record(n, "B" if n % 3 else "A") for n in range(30))) == Upserted(
        0, 20, 10, frozenset(str(n) for n in range(30) if n % 3), frozenset()
    )


def test_a_table_that_is_all_key_is_added_to_only(workspace):
    (acme,) = write_accounts("acme")
    words = [{"word": word, "account_id": acme, "contact_id": 7} for word in ("a", "b", "a")]
    assert upsert(SearchWord, words, ("word", "account_id", "contact_id"), "word").added == 2
    assert upsert(SearchWord, words, ("word", "account_id", "contact_id"), "word").unchanged == 2


def test_days_instants_and_decimals_can_be_packed_and_nothing_odd():
    packed = as_json([{"day": date(2026, 1, 2), "at": datetime(2026, 1, 2, tzinfo=UTC), "amount": Decimal("1.50")}])
    assert packed == '[{"day":"2026-01-02","at":"2026-01-02T00:00:00Z","amount":"1.50"}]'
    with pytest.raises(TypeError, match="may not hold a complex"):
        as_json([{"x": 1j}])


def test_several_columns_come_back_as_tuples(workspace):
    put(record(1, "A"))
    told = upsert(Account, [record(1, "B"), record(2, "C")], ("external_id",), ("external_id", "name"))
    assert told.touched == {("1", "B"), ("2", "C")}
    assert told.new == {("2", "C")}


def test_the_planner_learns_of_a_workspace_that_it_did_not_know(workspace):
    def expected():
        return db.session.scalar(text("EXPLAIN (FORMAT JSON) SELECT FROM account"))[0]["Plan"]["Plan Rows"]

    db.session.execute(text("ANALYZE account"))
    assert expected() < 10
    put(*(record(n) for n in range(MANY)))
    assert expected() >= MANY / 2


batches = st.lists(st.lists(st.tuples(st.integers(0, 5), st.sampled_from("ABC")), max_size=8), max_size=5)


@searched
@given(batches)
def test_what_is_kept_is_what_was_said_last(workspace, batches):
    with afresh():
        said = {}
        for batch in batches:
            told = {str(key): name for key, name in batch}
            result = put(*(record(key, name) for key, name in batch))
            assert result.added == len(told.keys() - said.keys())
            assert result.updated == sum(key in said and said[key] != name for key, name in told.items())
            assert result.added + result.updated + result.unchanged == len(told)
            said |= told
            assert kept() == said


def test_two_writers_of_one_book_in_opposite_order_both_come_through(committed, at_once):
    forth = [record(n, "forth") for n in range(300)]
    back = [record(n, "back") for n in range(299, -1, -1)]

    def write(records):
        result = put(*records)
        db.session.commit()
        return result

    one, two = at_once(lambda: write(forth), lambda: write(back))
    assert one.added + two.added == 300
    assert one.updated + two.updated == 300
    assert len(set(kept().values())) == 1
