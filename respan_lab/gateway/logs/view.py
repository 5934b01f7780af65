"""A log row as the REST API shows it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..store.log_columns import COLUMNS
from .filters import column_of

__all__ = ["LISTED", "SHOWN", "columns_for", "shown"]

_Read = Callable[[Mapping[str, Any]], Any]


def _first(values: Any) -> Any:
    return values[0] if isinstance(values, list) and values else None


def _messages(answer: Mapping[str, Any]) -> list[Any] | None:
    choices = answer.get("choices")
    if not isinstance(choices, list):
        return None
    return [each.get("message") for each in choices if isinstance(each, dict)]


def _tool_calls(answer: Mapping[str, Any]) -> Any:
    message = _first(_messages(answer))
    return message.get("tool_calls") if isinstance(message, dict) else None


def _asked(name: str) -> _Read:
    return lambda request: request.get(name)


# What the request and the answer hold is kept once, and read out of them.
_DERIVED: dict[str, tuple[str, _Read]] = {
    "prompt_messages": ("full_request", _asked("messages")),
    "completion_message": ("full_response", lambda each: _first(_messages(each))),
    "completion_messages": ("full_response", _messages),
    "tools": ("full_request", _asked("tools")),
    "tool_calls": ("full_response", _tool_calls),
    "temperature": ("full_request", _asked("temperature")),
    "top_p": ("full_request", _asked("top_p")),
    "max_tokens": ("full_request", _asked("max_tokens")),
    "response_format": ("full_request", _asked("response_format")),
    "input": ("full_request", _asked("messages")),
    "output": ("full_response", lambda each: _first(_messages(each))),
}
_TWICE = {"id": "unique_id", "cache_hit": "cache_bit"}
# The gateway evaluates nothing and, as yet, limits nothing.
_FIXED: dict[str, Any] = {"scores": {}, "limit_info": None}
_LONG = frozenset({"full_request", "full_response", "input", "output", "limit_info"})

SHOWN = (*_TWICE, *COLUMNS, *_DERIVED, *_FIXED)
"""The fields a row can show."""
LISTED = tuple(name for name in SHOWN if name not in _LONG)
"""Those a list shows unless others are asked for."""


def columns_for(fields: Iterable[str]) -> tuple[str, ...]:
    """Name the columns that fields are read from.

    Example:
        >>> columns_for(["id", "tools", "cost", "scores"])
        ('unique_id', 'full_request', 'cost')
    """
    found = [
        _DERIVED[name][0] if name in _DERIVED else column_of(name) for name in fields
    ]
    return tuple(dict.fromkeys(name for name in found if name is not None))


def shown(row: Mapping[str, Any], fields: Iterable[str]) -> dict[str, Any]:
    """Give the fields of a row.

    Args:
        row: The columns of a stored row that the fields are read from.
        fields: Of `SHOWN`.
    """
    read = {name: _decoded(name, value) for name, value in row.items()}
    return {name: _field(read, name) for name in fields}


def _decoded(name: str, value: Any) -> Any:
    kind = COLUMNS[name]
    if value is None or kind not in ("json", "boolean"):
        return value
    return _read_json(value) if kind == "json" else bool(value)


def _read_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # one bad cell must not hide a whole list
        return None


def _field(read: Mapping[str, Any], name: str) -> Any:
    if name in _FIXED:
        return _FIXED[name]
    if name not in _DERIVED:
        return read[column_of(name) or name]
    column, derive = _DERIVED[name]
    whole = read[column]
    return derive(whole) if isinstance(whole, dict) else None
