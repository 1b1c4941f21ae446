"""What every operation of the API stands on: bodies read as they are written, batches taken apart, places pointed at."""

from datetime import date

import pytest
from pydantic import Field, ValidationError

from app.core.paging import read_number, write_cursor
from app.core.problems import Problem
from app.core.rest.batching import judge_batch
from app.core.rest.refusing import body_errors, for_machines
from app.core.rest.replaying import fingerprint_of
from app.core.rest.schemas import Asked, Day, Given, Line, Moment, Number, Page, Scalar, Shown, example_of


class Thing(Given):
    name: Line = Field(examples=["a thing"])
    on: Day | None = Field(None, examples=["2026-11-21"])
    at: Moment | None = None
    custom: dict[Line, Scalar] = Field({}, examples=[{"size": 1}])


class Part(Shown):
    size: int = Field(examples=[2])


class Told(Shown):
    name: str = Field(examples=["a thing"])
    parts: list[Part]


class Words(Asked):
    number: Number | None = None
    is_big: bool = False
    on: Day | None = None
    text: Line | None = None


def wrong(body):
    with pytest.raises(ValidationError) as caught:
        Thing.read(body)
    return body_errors(caught.value)


def test_a_body_is_taken_as_written_and_nothing_is_guessed():
    assert Thing.read(b'{"name": "x", "on": "2026-11-21"}').on == date(2026, 11, 21)
    for body, pointer in (
        (b'{"name": 1}', "/name"),
        (b'{"name": "x", "on": 5}', "/on"),
        (b'{"name": "x", "on": "0"}', "/on"),
        (b'{"name": "x", "at": "2026-11-21T08:00:00"}', "/at"),
        (b'{"name": "x", "other": 1}', "/other"),
        (b'{"name": "x", "custom": {"a/b": {}}}', "/custom/a~1b"),
        (b'{"name": "x", "custom": {"a": 1e999}}', "/custom/a"),
    ):
        assert [each["pointer"] for each in wrong(body)] == [pointer]


def test_what_is_wrong_is_said_with_a_remedy():
    assert wrong(b"{}") == [{"pointer": "/name", "detail": "This is required: give it."}]
    assert "leave it out" in wrong(b'{"name": "x", "other": 1}')[0]["detail"]


@pytest.mark.parametrize("number", ["0", "-1", "1.0", "1_0", "01", " 1", "١", "9" * 20, ""])
def test_a_number_in_an_address_has_one_spelling(number):
    with pytest.raises(ValidationError):
        Words.model_validate_strings({"number": number})


@pytest.mark.parametrize(
    "words", [{"is_big": "yes"}, {"is_big": "1"}, {"on": "0"}, {"on": "2026-1-1"}, {"text": "a\0"}]
)
def test_other_words_of_an_address_have_one_spelling_too(words):
    with pytest.raises(ValidationError):
        Words.model_validate_strings(words)


def test_words_of_an_address_become_what_they_mean():
    read = Words.model_validate_strings({"number": "7", "is_big": "true", "on": "2026-11-21", "text": "5"})
    assert (read.number, read.is_big, read.on, read.text) == (7, True, date(2026, 11, 21), "5")


def test_an_example_is_put_together_of_those_of_the_fields():
    assert example_of(Told) == {"name": "a thing", "parts": [{"size": 2}]}
    assert example_of(Page[Part]) == {"data": [{"size": 2}], "next_cursor": None}


def test_a_field_without_an_example_is_not_let_through():
    with pytest.raises(TypeError, match=r"Bare\.name has no example"):
        type("Bare", (Shown,), {"__annotations__": {"name": str}, "__module__": __name__})


def test_a_batch_is_judged_record_by_record():
    records = judge_batch(b'{"things": [{"name": "x"}, {"nme": "y"}, 5]}', "things", Thing, 3)
    assert isinstance(records[0], Thing)
    assert [each["pointer"] for each in body_errors(records[1], "/things/1")] == ["/things/1/name", "/things/1/nme"]
    assert [each["pointer"] for each in body_errors(records[2], "/things/2")] == ["/things/2"]


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (b"{", 400), (b'{"things": "\xff"}', 422), (b"[]", 422), (b"{}", 422), (b'{"things": {}}', 422),
     (b'{"things": [], "x": 1}', 422), (b'{"things": [1, 2, 3, 4]}', 413)],
)  # fmt: skip
def test_a_batch_of_another_shape_is_refused_whole(body, status):
    with pytest.raises(Problem) as caught:
        judge_batch(body, "things", Thing, 3)
    assert caught.value.status == status


def test_what_a_form_calls_a_field_is_a_pointer_to_machines():
    told = for_machines(
        Problem(422, "No.", "refused", [{"pointer": "until", "detail": "No."}, {"parameter": "limit", "detail": "No."}])
    )
    assert [each.get("pointer") for each in told.errors] == ["/until", None]
    assert for_machines(Problem(422, "No.", "x", [{"pointer": "", "detail": "No."}])).errors[0]["pointer"] == ""
    cursor = for_machines(Problem(400, "Not ours.", "bad_cursor"))
    assert (cursor.status, cursor.errors[0]["parameter"]) == (422, "cursor")


def test_requests_are_told_apart_by_method_address_and_body():
    seen = {
        fingerprint_of(*each)
        for each in (("POST", "/a", b"x"), ("PUT", "/a", b"x"), ("POST", "/ax", b""), ("POST", "/a", b"y"))
    }
    assert len(seen) == 4


def test_the_cursor_of_a_list_that_goes_by_number_is_a_number():
    assert (read_number(None), read_number(write_cursor(7))) == (None, 7)
    for other in (write_cursor("7"), write_cursor(None), write_cursor(1, 2), "x"):
        with pytest.raises(Problem):
            read_number(other)
