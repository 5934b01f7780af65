"""Scores for answers that have fields."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .marks import quick
from .text import is_missing, normalize

__all__ = ["field_match", "is_same"]

_MAX_TEXT = 200_000  # characters of an answer that are searched for an object
_MAX_STARTS = 100  # braces that are tried as its beginning


@quick
def field_match(
    output: str | None, expected: object, parsed: object = None
) -> dict[str, bool]:
    """Say for each expected field whether the answer has it right.

    The answer's fields come from ``parsed`` if there is structured output, else from
    the first JSON object in the text, code fences and prose around it aside. Texts
    and numbers are compared as `exact_match` does, lists and mappings part by part.

    Args:
        output: The answer's text.
        expected: A mapping, or a JSON object as text. None means unknown.
        parsed: Structured output: a mapping or a pydantic object; None without.

    Returns:
        One entry for each expected field: its column is ``score_field_match_<field>``.
        All are False if the answer has no object; there is none without a reference.

    Raises:
        ValueError: If ``expected`` is neither a mapping nor a JSON object.

    Example:
        >>> answer = 'Sure: {"intent": "Refund", "order": 17}'
        >>> field_match(answer, {"intent": "refund", "order": "18"})
        {'intent': True, 'order': False}
    """
    if is_missing(expected) or (is_missing(output) and parsed is None):
        return {}
    found = (
        _fields(parsed)
        or _first_object("" if is_missing(output) else str(output))
        or {}
    )
    return {
        str(field): field in found and is_same(found[field], value)
        for field, value in _expected_fields(expected).items()
    }


def _expected_fields(expected: object) -> Mapping[str, Any]:
    try:
        fields = json.loads(expected) if isinstance(expected, str) else expected
    except ValueError:  # json says where it broke, not what was expected
        fields = None
    if not isinstance(fields, Mapping):
        raise ValueError(
            f"expected is {expected!r:.80}; field_match needs a mapping of field to "
            "value, or a JSON object as text"
        )
    return fields


def _fields(parsed: object) -> Mapping[str, Any] | None:
    if hasattr(parsed, "model_dump"):
        parsed = parsed.model_dump(mode="json")
    return parsed if isinstance(parsed, Mapping) else None


def _first_object(text: str) -> Mapping[str, Any] | None:
    text = text[:_MAX_TEXT]
    decoder = json.JSONDecoder()
    start = -1
    for _ in range(_MAX_STARTS):
        start = text.find("{", start + 1)
        if start < 0:
            return None
        try:
            found, _ = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):  # not JSON from here, or absurdly deep
            continue
        return found if isinstance(found, Mapping) else None
    return None


def is_same(found: object, wanted: object) -> bool:
    """Say whether two JSON values are the same: texts and numbers as `exact_match`.

    Lists must have the same order, mappings the same keys.

    Example:
        >>> is_same({"n": "7", "to": ["Oslo "]}, {"n": 7.0, "to": ["oslo"]})
        True
    """
    if is_missing(found) or is_missing(wanted):
        return is_missing(found) and is_missing(wanted)
    if isinstance(wanted, Mapping):
        return (
            isinstance(found, Mapping)
            and found.keys() == wanted.keys()
            and all(is_same(found[key], wanted[key]) for key in wanted)
        )
    if isinstance(wanted, (list, tuple)):
        return (
            isinstance(found, (list, tuple))
            and len(found) == len(wanted)
            and all(map(is_same, found, wanted))
        )
    if isinstance(found, (Mapping, list, tuple)):
        return False
    return normalize(found) == normalize(wanted)
