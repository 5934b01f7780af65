"""Values made comparable: equal only if they print the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["frozen"]


def frozen(value: Any) -> Any:
    """Give a value as one that can be compared and hashed.

    Numbers that Python takes for equal and prints differently (`1`, `1.0`, `True`)
    differ here too, since a template prints them.

    Example:
        >>> frozen({"a": [1, 2]}) == frozen({"a": (1, 2)}), frozen(1) == frozen(1.0)
        (True, False)
    """
    if isinstance(value, Mapping):
        return frozenset((key, frozen(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return tuple(frozen(item) for item in value)
    if isinstance(value, bool):
        return bool, value
    if isinstance(value, float):
        return float, repr(float(value))  # NaN too is what it was
    try:
        hash(value)
    except TypeError:
        return repr(value)
    return value
