"""What bodies and answers are made of. Each field carries an example, of which whole examples are put together."""

import re
from datetime import UTC, date, datetime
from types import UnionType
from typing import Annotated, Any, Generic, Literal, Self, TypeVar, Union, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)


def _day(value: Any) -> Any:
    """Read a day written as one; pydantic alone would also take seconds since 1970."""
    if isinstance(value, str) and not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("write it as a day: 2026-11-21")
    return date.fromisoformat(value) if isinstance(value, str) else value


def _moment(value: Any) -> Any:
    """Read a moment with its zone, and bring it to UTC: PostgreSQL knows no zones beyond 16 hours."""
    if not isinstance(value, str):
        return value
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9:.]{5,}([Zz]|[+-][0-9]{2}:[0-9]{2})", value):
        raise ValueError("write it as a moment with its zone: 2026-11-21T08:30:00+01:00")
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except OverflowError:
        raise ValueError("it is beyond the calendar") from None


NO_NUL = r"^[^\x00]*$"  # PostgreSQL keeps no NUL
Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=NO_NUL)]
Word = Annotated[str, StringConstraints(max_length=100, pattern=NO_NUL)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=20_000, pattern=NO_NUL)]
Email = Annotated[str, StringConstraints(max_length=254, pattern=r"^[^@\s\x00]+@[^@\s\x00]+$")]
Scalar = Annotated[str, StringConstraints(max_length=2_000, pattern=NO_NUL)] | bool | int | float | None
Day = Annotated[date, BeforeValidator(_day), Ge(date(1900, 1, 1)), Le(date(2199, 12, 31))]
Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_moment),
    Ge(datetime(1900, 1, 1, tzinfo=UTC)),
    Le(datetime(2199, 12, 31, tzinfo=UTC)),
]
Minor = Annotated[int, Ge(0), Le(10**15)]
Number = Annotated[int, Ge(1), Le(2**63 - 1)]
MOST_ROWS = 200
Row = TypeVar("Row")
_WRITTEN: dict[Any, tuple[str, str]] = {
    int: ("-?(0|[1-9][0-9]*)", "a whole number: 25"),
    bool: ("true|false", "true or false"),
    date: ("[0-9]{4}-[0-9]{2}-[0-9]{2}", "a day: 2026-11-21"),
}


def untold(schema: dict[str, Any]) -> None:
    """Leave a default out of the document that stands only for "not given"."""
    schema.pop("default")


def _kinds(annotation: Any) -> tuple[Any, ...]:
    """Give the bare types of an annotation: `Number | None` → (int, NoneType)."""
    if get_origin(annotation) in {Union, UnionType}:
        return tuple(kind for part in get_args(annotation) for kind in _kinds(part))
    return _kinds(get_args(annotation)[0]) if get_origin(annotation) is Annotated else (annotation,)


def example_of(model: type[BaseModel]) -> dict[str, Any]:
    """Put an example together of those of the fields. Raises TypeError naming a field that has none."""
    return {
        field.alias or name: _example(model, name, field)
        for name, field in model.model_fields.items()
        if field.examples or field.is_required()
    }


def _example(model: type[BaseModel], name: str, field: Any) -> Any:
    if field.examples:
        return field.examples[0]
    found = _model_in(field.annotation)
    if found is None:
        raise TypeError(f"{model.__name__}.{name} has no example: give it Field(examples=[…])")
    return [example_of(found)] if get_origin(field.annotation) is list else example_of(found)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in {list, Union, UnionType}:
        return next((found for part in get_args(annotation) if (found := _model_in(part))), None)
    return None


class _Described(BaseModel):
    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if not cls.__pydantic_generic_metadata__["parameters"]:
            cls.model_config["openapi_extra"] = {"example": example_of(cls)}  # type: ignore[typeddict-unknown-key]


class Given(_Described):
    """What a client sends: nothing is guessed, and a name that means nothing is refused."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Read a body. Raises ValidationError, or Problem where a kind of body has a way of its own."""
        return cls.model_validate_json(data)


class Shown(_Described):
    """What a client gets."""

    model_config = ConfigDict(from_attributes=True)


class Page(Shown, Generic[Row]):
    """A stretch of a list. `next_cursor` is null at its end."""

    data: list[Row]
    next_cursor: str | None = Field(description="Ask for it as `cursor` to go on; null at the end.", examples=[None])


class Asked(BaseModel):
    """What an address asks for. Its words are taken as they are documented, and in no other spelling."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def is_well_written(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse what pydantic would still make sense of: `1_000`, `1.0`, `yes`, seconds for a day."""
        for kind in _kinds(cls.model_fields[str(info.field_name)].annotation):
            written, example = _WRITTEN.get(kind, (".*", ""))
            if isinstance(value, str) and not re.fullmatch(written, value, re.DOTALL):
                raise ValueError(f"write it as {example}")
        return value


class Paged(Asked):
    """The part of a list that is asked for."""

    limit: int = Field(50, ge=1, le=MOST_ROWS, description="How many rows, at most.")
    cursor: str | None = Field(None, max_length=1_000, description="`next_cursor` of the page before.")


class FieldError(BaseModel):
    """What is wrong at one place of a request."""

    detail: str = Field(description="What is wrong, and what to do.")
    pointer: str | None = Field(None, description="Where in the body, as a JSON pointer (RFC 6901).")
    parameter: str | None = Field(None, description="Which parameter of the address or header.")


class ProblemDetails(BaseModel):
    """What went wrong (RFC 9457)."""

    type: Literal["about:blank"]
    title: str
    status: int
    detail: str = Field(description="For people: what is wrong, and what to do.")
    instance: str
    request_id: str = Field(description="Tell us this number when you ask about it.")
    code: str | None = Field(None, description="For programs: stays the same when the words change.")
    errors: list[FieldError] | None = Field(None, description="One entry for each wrong field.")
