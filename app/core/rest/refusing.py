"""Turns what pydantic finds wrong into problems that name the place and the remedy."""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from app.core.problems import Problem

_REMEDIES = {
    "missing": "This is required: give it.",
    "extra_forbidden": "There is nothing of this name here: leave it out, or look at /api/docs how it is written.",
    "string_pattern_mismatch": "It holds a character that cannot be kept, or is not written as it should be.",
}


def refuse_body(error: ValidationError) -> Problem:
    """Say of a body what is wrong: 400 when it is no JSON at all, else 422 with a JSON pointer a field."""
    if any(each["type"] == "json_invalid" for each in error.errors(include_url=False)):
        return Problem(400, f"The body is not JSON: {error.errors()[0]['msg']}. Send it as UTF-8.", "bad_body")
    return Problem(422, "The body is not as it should be: see `errors`.", "validation", body_errors(error))


def body_errors(error: ValidationError, within: str = "") -> list[dict[str, str]]:
    """Give [{pointer, detail}], one a field, in the order of the body."""
    found: dict[str, str] = {}
    for each in error.errors(include_url=False):
        found.setdefault(within + _pointer(_place(each)), _remedy(each))
    return [{"pointer": pointer, "detail": detail} for pointer, detail in found.items()]


def refuse_parameters(error: ValidationError) -> Problem:
    """Say of an address what is wrong: 422 naming each parameter."""
    errors = [
        {"parameter": str(each["loc"][0]) if each["loc"] else "", "detail": _remedy(each)}
        for each in error.errors(include_url=False)
    ]
    return Problem(422, "The address asks for something that does not exist: see `errors`.", "validation", errors)


def for_machines(problem: Problem) -> Problem:
    """Say the same as to a person, but of a cursor that it is a parameter, and of a form's field where it stands."""
    if problem.code == "bad_cursor":
        return Problem(422, problem.detail, problem.code, [{"parameter": "cursor", "detail": problem.detail}])
    problem.errors = [
        {**error, "pointer": f"/{error['pointer']}"} if error.get("pointer", "/")[:1] not in {"/", ""} else error
        for error in problem.errors
    ]
    return problem


def refuse_field(pointer: str, detail: str, code: str = "validation") -> Problem:
    """Say that one field cannot be used."""
    return Problem(422, detail, code, [{"pointer": pointer, "detail": detail}])


def _place(error: Any) -> Sequence[str | int]:
    """Leave out the names that pydantic gives to the branches of a union below a field of `custom`."""
    loc: Sequence[str | int] = error["loc"]
    return loc[:2] if loc[:1] == ("custom",) else loc


def _pointer(loc: Sequence[str | int]) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in loc)


def _remedy(error: Any) -> str:
    return _REMEDIES.get(error["type"]) or f"{error['msg']}."
