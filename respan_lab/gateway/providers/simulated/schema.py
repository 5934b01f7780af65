"""JSON by a schema, filled by a simulated model."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from .work import measure, spend, weigh
from .writer import Writer

__all__ = ["fill"]

T = TypeVar("T")

_DEEP = 3  # levels after which only what a schema demands is filled
_DEEPEST = 40
_MOST_ITEMS = 100
# Steps of work: for a part of the schema, for what is directly in it, for a character.
_PART, _ENTRY, _CHARACTER = 1000, 20, 20
_LINKS = ("$ref", "anyOf", "oneOf", "allOf")
_PROSE = {"type", "title", "description"}
_SAMPLES = {
    "date": "2025-01-15",
    "date-time": "2025-01-15T12:00:00Z",
    "time": "12:00:00Z",
    "email": "person@example.org",
    "uri": "https://example.org/",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "ipv4": "192.0.2.1",
    "hostname": "example.org",
}


def fill(
    schema: Any,
    writer: Writer,
    *,
    key: str = "answer",
    root: Any = None,
    depth: int = 0,
) -> Any:
    """Make a value that is valid by a JSON schema, as far as simple schemas go.

    Types, enums, constants, references, alternatives, numeric and length limits are
    honoured; patterns and conditions are not.

    Args:
        schema: The schema, or a part of one.
        writer: Finds what to say.
        key: The name of the field being filled.
        root: The whole schema, for references; None if `schema` is it.
        depth: Levels above this one.
    """
    root = schema if root is None else root
    schema = _plain(schema, root)
    spend(_PART + measure(schema) * _ENTRY)
    if "const" in schema:
        return _placed(schema["const"])
    if isinstance(schema.get("enum"), list) and schema["enum"]:
        return _placed(_pick(schema["enum"], writer))
    kind = _kind(schema)
    if kind == "object":
        return _fill_object(schema, writer, root=root, depth=depth)
    if kind == "array":
        return _fill_array(schema, writer, key=key, root=root, depth=depth)
    if kind in ("integer", "number"):
        return _placed(_fill_number(schema, writer, is_integer=kind == "integer"))
    if kind == "boolean":
        return writer.truth()
    if kind == "null":
        return None
    if kind == "string":
        return _fill_text(schema, writer, key=key)
    return writer.value(key)


def _plain(schema: Any, root: Any) -> Mapping[str, Any]:
    """Follow references and choose among alternatives, until a type is left."""
    for _ in range(_DEEPEST):
        if not isinstance(schema, Mapping):
            return {}
        spend(measure(schema) * _ENTRY)
        rest = {name: value for name, value in schema.items() if name not in _LINKS}
        if "$ref" in schema:
            schema = {**rest, **_mapping(_resolve(schema["$ref"], root))}
        elif chosen := schema.get("anyOf") or schema.get("oneOf"):
            schema = {**rest, **_mapping(_first_of_value(chosen))}
        elif parts := schema.get("allOf"):
            for part in parts:
                spend((measure(rest) + measure(_mapping(part))) * _ENTRY)
                rest = _merged(rest, _mapping(part))
            schema = rest
        else:
            return schema
    return {}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**one, **other}
    both = [_mapping(part.get("properties")) for part in (one, other)]
    return {**merged, "properties": {**both[0], **both[1]}} if any(both) else merged


def _resolve(pointer: Any, root: Any) -> Any:
    if not isinstance(pointer, str):
        return {}
    found = root
    for step in pointer.removeprefix("#").strip("/").split("/"):
        name = step.replace("~1", "/").replace("~0", "~")
        found = _mapping(found).get(name, {}) if step else found
    return found


def _first_of_value(alternatives: Any) -> Any:
    listed = alternatives if isinstance(alternatives, list) else []
    values = (part for part in listed if _mapping(part).get("type") != "null")
    return next(values, {"type": "null"} if listed else {})


def _placed(value: T) -> T:
    """Count a value as part of the answer; give it back."""
    weigh(value, per_character=_CHARACTER)
    return value


def _kind(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((name for name in kind if name != "null"), "null")
    if isinstance(kind, str):
        return kind
    if "properties" in schema:
        return "object"
    return "array" if "items" in schema else ""


def _pick(values: Sequence[Any], writer: Writer) -> Any:
    weigh(values)
    by_text = {str(value): value for value in values if value is not None}
    return by_text[writer.pick(list(by_text))] if by_text else None


def _fill_object(
    schema: Mapping[str, Any], writer: Writer, *, root: Any, depth: int
) -> dict[str, Any]:
    properties = _mapping(schema.get("properties"))
    required = [name for name in schema.get("required", []) if isinstance(name, str)]
    if depth >= _DEEPEST:
        return {}
    # Schemas may hold themselves: below a few levels, only what must be there.
    names = required if depth > _DEEP else dict.fromkeys([*properties, *required])
    spend(sum(map(len, names)) * _CHARACTER)
    deeper = depth + 1
    return {
        name: fill(properties.get(name), writer, key=name, root=root, depth=deeper)
        for name in names
    }


def _fill_array(
    schema: Mapping[str, Any], writer: Writer, *, key: str, root: Any, depth: int
) -> list[Any]:
    least = int(schema.get("minItems", 0))
    most = int(schema.get("maxItems", max(least, 3)))
    wanted = max(least, min(most, 1 if depth <= _DEEP else 0))
    items = _plain(schema.get("items", {}), root)
    if isinstance(items.get("enum"), list) and items["enum"]:
        first = _pick(items["enum"], writer)
        values = [first, *(value for value in items["enum"] if value != first)]
    elif _kind(items) == "string" and not items.keys() - _PROSE:
        values = list(writer.keywords())
        wanted = max(wanted, min(3, most, len(values)))
    else:
        return [
            fill(items, writer, key=key, root=root, depth=depth + 1)
            for _ in range(min(wanted, _MOST_ITEMS))
        ]
    return _take(values, min(wanted, _MOST_ITEMS), schema)


def _take(values: list[Any], n: int, schema: Mapping[str, Any]) -> list[Any]:
    """Give `n` values; if there are too few, numbered ones or the same again."""
    weigh(values[:1] * n, per_character=_CHARACTER)
    more: Iterator[Any] = itertools.cycle(values)
    if schema.get("uniqueItems"):
        more = (f"{values[0]} {number}" for number in itertools.count(2))
    taken = [*values[:n], *itertools.islice(more, max(0, n - len(values)))]
    return _placed(taken)


def _fill_number(
    schema: Mapping[str, Any], writer: Writer, *, is_integer: bool
) -> float:
    low = schema.get("minimum", schema.get("exclusiveMinimum", -math.inf))
    high = schema.get("maximum", schema.get("exclusiveMaximum", math.inf))
    number = min(max(writer.number(), low), high)
    step = schema.get("multipleOf") or (1 if is_integer else None)
    if number in (schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")):
        number = _between(low, high, step or 0.5)
    if step:
        number = math.ceil(number / step) * step
        number = number if number <= high else math.floor(high / step) * step
    return int(number) if is_integer else number


def _between(low: float, high: float, step: float) -> float:
    if math.isfinite(low) and math.isfinite(high):
        return (low + high) / 2
    return low + step if math.isfinite(low) else high - step


def _fill_text(schema: Mapping[str, Any], writer: Writer, *, key: str) -> str:
    form = schema.get("format")
    sample = _SAMPLES.get(form) if isinstance(form, str) else None
    value = writer.value(key)
    text = sample if sample is not None else "" if value is None else str(value)
    least, most = int(schema.get("minLength", 0)), schema.get("maxLength")
    spend(max(0, least) * _CHARACTER)
    return text.ljust(least, ".")[: int(most) if most is not None else None]
