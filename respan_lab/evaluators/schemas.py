"""JSON Schema, checked by `jsonschema` so that no answer can hold it up."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from functools import cache
from typing import Any

import jsonschema
import jsonschema.validators
from jsonschema.exceptions import SchemaError, ValidationError, best_match
from referencing import Registry

from ..errors import ConfigError
from .patterns import TIMEOUT, compiled, is_found

__all__ = ["first_error"]

_deadline: ContextVar[float] = ContextVar("deadline")  # of all patterns of a value


def first_error(
    schema: Mapping[str, Any], *, timeout: float = TIMEOUT
) -> Callable[[Any], str | None]:
    """Make a function that says what is wrong with a JSON value.

    Args:
        schema: A JSON Schema.
        timeout: Seconds for all patterns of a value.

    Returns:
        A function that gives the most telling mistake with its place, None if there is
        none. It raises TimeoutError if its patterns take too long, and
        RecursionError if the value is nested too deeply.

    Raises:
        ConfigError: It is no schema, or one that cannot be checked in time.

    Example:
        >>> told = first_error({"items": {"type": "integer"}})
        >>> told([1, 2]), told([1, "a"])
        (None, "at $[1]: 'a' is not of type 'integer'")
    """
    known = jsonschema.validators.validator_for(
        schema, default=jsonschema.Draft202012Validator
    )
    _check(schema, known)
    # An empty registry: nothing is fetched.
    validator = _quick(known)(schema, registry=Registry())

    def told(value: Any) -> str | None:
        _deadline.set(time.monotonic() + timeout)
        error = best_match(validator.iter_errors(value))
        return error and f"at {error.json_path}: {error.message}"

    return told


def _check(schema: Mapping[str, Any], validator: Any) -> None:
    try:
        # Patterns are checked by what searches for them: it knows more of them.
        validator.check_schema(schema, format_checker=jsonschema.FormatChecker(()))
        for pattern in _patterns(schema):
            compiled(pattern)
    except (SchemaError, ValueError) as error:
        said = error.message if isinstance(error, SchemaError) else error
        raise ConfigError(f"schema is no JSON Schema: {said}") from None
    if {"patternProperties", "unevaluatedProperties"} <= set(_names(schema)):
        raise ConfigError(
            "schema has patternProperties and unevaluatedProperties: use "
            "additionalProperties instead, whose patterns can be stopped"
        )


def _nodes(value: Any) -> Iterator[Any]:
    yield value
    inner = value.values() if isinstance(value, Mapping) else value
    for each in inner if isinstance(value, Mapping | list) else ():
        yield from _nodes(each)


def _names(schema: Any) -> Iterator[str]:
    return (
        name for each in _nodes(schema) if isinstance(each, Mapping) for name in each
    )


def _patterns(schema: Any) -> Iterator[str]:
    for each in _nodes(schema):
        if isinstance(each, Mapping):
            if isinstance(pattern := each.get("pattern"), str):
                yield pattern
            if isinstance(named := each.get("patternProperties"), Mapping):
                yield from named


@cache
def _quick(validator: Any) -> Any:
    """Give the same validator with every search bounded in time.

    `jsonschema` searches with `re`, which cannot be stopped, and compares every two
    items where they must be unique.
    """
    return jsonschema.validators.extend(
        validator,
        {
            "pattern": _pattern,
            "patternProperties": _pattern_properties,
            "additionalProperties": _additional_properties,
            "uniqueItems": _unique_items,
        },
    )


def _matches(pattern: str, text: str) -> bool:
    left = _deadline.get() - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return is_found(pattern, text, timeout=left)


def _pattern(
    validator: Any, pattern: str, value: Any, schema: Any
) -> Iterator[ValidationError]:
    if isinstance(value, str) and not _matches(pattern, value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


def _pattern_properties(
    validator: Any, patterns: Mapping[str, Any], value: Any, schema: Any
) -> Iterator[ValidationError]:
    if not isinstance(value, dict):
        return
    for pattern, inner in patterns.items():
        for name in value:
            if _matches(pattern, name):
                yield from validator.descend(
                    value[name], inner, path=name, schema_path=pattern
                )


def _additional_properties(
    validator: Any, allowed: Any, value: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    if not isinstance(value, dict):
        return
    for name in sorted(value.keys() - schema.get("properties", {}).keys()):
        if any(_matches(each, name) for each in schema.get("patternProperties", {})):
            continue
        if isinstance(allowed, Mapping):
            yield from validator.descend(value[name], allowed, path=name)
        elif not allowed:
            yield ValidationError(f"{name!r} is not a property the schema allows")


def _unique_items(
    validator: Any, unique: bool, value: Any, schema: Any
) -> Iterator[ValidationError]:
    if unique and isinstance(value, list):
        texts = {json.dumps(_comparable(each), sort_keys=True) for each in value}
        if len(texts) < len(value):
            yield ValidationError("items are not unique")


def _comparable(value: Any) -> Any:
    """Make equal what JSON Schema holds to be equal: 1 and 1.0."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_comparable(each) for each in value]
    if isinstance(value, dict):
        return {name: _comparable(each) for name, each in value.items()}
    return value
