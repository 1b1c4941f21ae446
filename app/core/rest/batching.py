"""Takes a batch apart, so that each of its records can be judged on its own."""

from functools import cache
from typing import TypeVar

import msgspec
from pydantic import BaseModel, TypeAdapter, ValidationError

from app.core.problems import Problem
from app.core.rest.refusing import refuse_field

Model = TypeVar("Model", bound=BaseModel)


def judge_batch(data: bytes, name: str, model: type[Model], most: int) -> list[Model | ValidationError]:
    """Read `{name: [record, …]}`; gives each record, or what is wrong with it. Raises Problem 400, 413 or 422."""
    try:
        batch = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    except msgspec.ValidationError:
        raise refuse_field("", f'The body must be an object: {{"{name}": […]}}.') from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem(400, f"The body is not JSON: {error}. Send it as UTF-8.", "bad_body") from None
    for unknown in batch.keys() - {name}:
        raise refuse_field(f"/{unknown}", f"There is nothing of this name here: a batch holds `{name}` only.")
    records = _records(batch, name, most)
    try:
        return list(list_of(model).validate_json(b"[" + b",".join(records) + b"]"))
    except ValidationError:
        return [_judge(record, model) for record in records]


@cache
def list_of(model: type[Model]) -> TypeAdapter[list[Model]]:
    """Give what reads and writes a whole list of records at once, at half the price of one by one."""
    return TypeAdapter(list[model])  # type: ignore[valid-type]


def _records(batch: dict[str, msgspec.Raw], name: str, most: int) -> list[msgspec.Raw]:
    try:
        records = msgspec.json.decode(batch.get(name, msgspec.Raw(b"null")), type=list[msgspec.Raw])
    except msgspec.DecodeError:
        raise refuse_field(f"/{name}", f"`{name}` must be a list of records.") from None
    if len(records) > most:
        detail = f"A request takes up to {most:,}; this one holds {len(records):,}. Split it."
        raise Problem(413, detail, "too_many", [{"pointer": f"/{name}", "detail": detail}])
    return records


def _judge(record: msgspec.Raw, model: type[Model]) -> Model | ValidationError:
    try:
        return model.model_validate_json(bytes(record))
    except ValidationError as error:
        return error
