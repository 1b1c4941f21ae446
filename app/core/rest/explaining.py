"""Turns the OpenAPI document into what the page shows: chapters of operations with their fields and a call to copy."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Field:
    """A parameter or a member of a body."""

    name: str
    place: str
    kind: str
    is_required: bool
    about: str


@dataclass(frozen=True)
class Operation:
    """One thing that can be asked for."""

    id: str
    method: str
    address: str
    title: str
    about: str
    fields: list[Field]
    body: str
    answers: list[tuple[str, str]]
    example: str


@dataclass(frozen=True)
class Chapter:
    """Operations that belong together."""

    title: str
    about: str
    operations: list[Operation]


def chapters(described: Mapping[str, Any]) -> list[Chapter]:
    """Give the operations by tag, in the order of the tags."""
    found = list(_operations(described))
    return [
        Chapter(tag["name"], tag.get("description", ""), [each for name, each in found if name == tag["name"]])
        for tag in described["tags"]
    ]


def _operations(described: Mapping[str, Any]) -> Iterator[tuple[str, Operation]]:
    schemas = described["components"]["schemas"]
    for address, methods in described["paths"].items():
        for method, operation in methods.items():
            yield operation["tags"][0], _operation(address, method, operation, schemas)


def _operation(address: str, method: str, said: Mapping[str, Any], schemas: Mapping[str, Any]) -> Operation:
    body = said.get("requestBody", {}).get("content", {}).get("application/json", {})
    answers = [(status, answer["description"]) for status, answer in sorted(said["responses"].items())]
    good = min(status for status in said["responses"] if status.startswith("2"))
    contents: Any = said["responses"][good].get("content", {}).values()
    example = next((content.get("example") for content in contents), None)
    return Operation(
        id=said["operationId"],
        method=method.upper(),
        address=address,
        title=said["summary"],
        about=said["description"],
        fields=[*map(_parameter, said.get("parameters", ())), *_members(body.get("schema", {}), schemas)],
        body=_written(body.get("example")),
        answers=answers,
        example=_written(example),
    )


def _parameter(said: Mapping[str, Any]) -> Field:
    schema = said["schema"]
    return Field(said["name"], said["in"], _kind(schema), said.get("required", False), said.get("description", ""))


def _members(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[Field]:
    schema = schemas.get(str(schema.get("$ref", "")).rsplit("/", 1)[-1], {})
    for name, member in schema.get("properties", {}).items():
        yield Field(name, "body", _kind(member), name in schema.get("required", ()), member.get("description", ""))


def _kind(schema: Mapping[str, Any]) -> str:
    """Say in a few words what a value must be."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(each) for each in schema["anyOf"]))
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("const") or schema.get("type", "anything"))


def _written(example: Any) -> str:
    return "" if example is None else json.dumps(example, indent=2, ensure_ascii=False)
