"""The contract's table: read, as JSON schemas, and as values that break it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

TABLE: dict[str, Any] = tomllib.loads(
    Path(__file__).with_name("chat_completion.toml").read_text(encoding="utf-8")
)
FIELDS: dict[str, dict[str, Any]] = TABLE["fields"]
HEADERS: dict[str, dict[str, Any]] = TABLE["headers"]
PATH: str = TABLE["route"]["path"]

# One of each kind that JSON has, and of each that the table tells apart.
KINDS: tuple[Any, ...] = ("text", 1, 0.5, True, ["text"], [1], [{}], {}, {"k": []})

_TYPES: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "object": {"type": "object"},
    "list of strings": {"type": "array", "items": {"type": "string"}},
    "list of objects": {"type": "array", "items": {"type": "object"}},
}


def schema_of(field: dict[str, Any], *, is_closed: bool = False) -> dict[str, Any]:
    """Write a field of the table as a JSON schema.

    With `is_closed`, what the table does not know inside an object is wrong.
    """
    main = {**_TYPES["integer" if field.get("whole") else field["type"]]}
    for ours, theirs in (
        ("minimum", "minimum"),
        ("maximum", "maximum"),
        ("above", "exclusiveMinimum"),
        ("longest", "maxLength"),
        ("allowed", "enum"),
        ("fewest", "minItems"),
    ):
        if ours in field:
            main[theirs] = field[ours]
    if "values" in field:
        main["additionalProperties"] = {"anyOf": [_TYPES[n] for n in field["values"]]}
    inner = _inside(field, is_closed)
    if inner and field["type"] == "list of objects":
        main["items"] = {**main["items"], **inner}
    else:
        main |= inner
    others = [_TYPES.get(name, {"const": name}) for name in field.get("also", ())]
    return {"anyOf": [main, *others]} if others else main


def _inside(field: dict[str, Any], is_closed: bool) -> dict[str, Any]:
    fields: dict[str, Any] = field.get("fields", {})
    if not fields:
        return {}
    return {
        "properties": {name: schema_of(each) for name, each in fields.items()},
        "required": [name for name, each in fields.items() if each.get("required")],
        "additionalProperties": not (is_closed and field["goes_to"] == "gateway"),
    }


def is_right(field: dict[str, Any], value: Any, *, is_closed: bool = False) -> bool:
    schema = schema_of(field, is_closed=is_closed)
    return Draft202012Validator(schema).is_valid(value)


def probes(field: dict[str, Any]) -> list[Any]:
    """Values of every kind, at and beyond every limit, on every level of a field."""
    return [*KINDS, field["example"], *_edges(field), *_nested(field)]


def _edges(field: dict[str, Any]) -> Iterator[Any]:
    for name in ("minimum", "maximum"):
        if name in field:
            yield field[name]
            yield field[name] + (-1 if name == "minimum" else 1)
    if "above" in field:
        yield from (field["above"], field["above"] - 1)
    if "longest" in field:
        yield from ("x" * field["longest"], "x" * (field["longest"] + 1))
    yield from field.get("allowed", ())
    yield from (name for name in field.get("also", ()) if name not in _TYPES)
    if "values" in field:
        yield from ({"k": value} for value in KINDS if isinstance(value, str | int))


def _nested(field: dict[str, Any]) -> Iterator[Any]:
    example = field["example"]
    is_list = isinstance(example, list)
    whole: dict[str, Any] = example[0] if is_list else example
    for name, inner in field.get("fields", {}).items():
        lacking = {key: value for key, value in whole.items() if key != name}
        changed = [{**whole, name: value} for value in (*KINDS, *_edges(inner))]
        for value in (lacking, *changed):
            yield [value] if is_list else value
