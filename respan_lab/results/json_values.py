"""Values of mixed kinds as JSON text, and back, so that Parquet can hold them.

Plain JSON values stay plain JSON, so that other programs read them too. What JSON
has no word for is an object with the one key ``$type`` and its ``value``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["dumps", "loads"]

_TAG = "$type"
_NAMES = frozenset({str})
_JSON = frozenset({str, int, float, bool, type(None)})


def dumps(value: object, *, ascii_only: bool = True) -> str | None:
    """Write a value as JSON text; missing values are None.

    Tuples, bytes, dates, decimals and mappings with other than text keys come back
    from `loads` as they were; anything else unknown to JSON is kept as its text.

    Args:
        value: Anything.
        ascii_only: Write other characters as escapes.

    Example:
        >>> dumps({"topic": "refund", "pair": (1, 2)})
        '{"topic": "refund", "pair": {"$type": "tuple", "value": [1, 2]}}'
    """
    plain = _plain(value)
    return None if plain is None else json.dumps(plain, ensure_ascii=ascii_only)


def loads(text: str | None) -> Any:
    """Read what `dumps` wrote.

    Example:
        >>> loads(dumps((1, "a")))
        (1, 'a')
    """
    if text is None:
        return None
    return json.loads(text, object_hook=_restored if _TAG in text else None)


def _plain(value: object) -> Any:
    kind = type(value)
    if kind in _JSON or _is_plain(value):  # as nearly always
        return value
    if value is None or isinstance(value, (bool, int, float, str)):
        return _builtin(value)
    if isinstance(value, (list, np.ndarray)):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return _plain_mapping(value)
    if isinstance(value, np.generic):
        return _plain(value.item())
    if value is pd.NA or value is pd.NaT:
        return None
    return _tagged(value)


def _is_plain(value: object) -> bool:
    """Whether it is a dict that is JSON as it is: names, texts, numbers."""
    if type(value) is not dict:
        return False
    names, values = set(map(type, value)), set(map(type, value.values()))
    return names <= _NAMES and values <= _JSON and _TAG not in value


def _builtin(value: Any) -> Any:
    # numpy's float64 and str_ are subclasses whose repr would not be JSON's.
    return value.item() if isinstance(value, np.generic) else value


def _plain_mapping(value: Mapping[Any, Any]) -> dict[str, Any]:
    if all(isinstance(key, str) for key in value) and _TAG not in value:
        return {str(key): _plain(one) for key, one in value.items()}
    pairs = [[_plain(key), _plain(one)] for key, one in value.items()]
    return {_TAG: "dict", "value": pairs}


def _tagged(value: Any) -> dict[str, Any]:
    if isinstance(value, tuple):
        return {_TAG: "tuple", "value": [_plain(one) for one in value]}
    if isinstance(value, bytes):
        return {_TAG: "bytes", "value": value.hex()}
    if isinstance(value, pd.Timestamp):
        return {_TAG: "timestamp", "value": value.isoformat()}
    if isinstance(value, (datetime, date)):
        kind = "datetime" if isinstance(value, datetime) else "date"
        return {_TAG: kind, "value": value.isoformat()}
    if isinstance(value, Decimal):
        return {_TAG: "decimal", "value": str(value)}
    return {_TAG: "text", "value": str(value)}


_RESTORE: dict[str, Callable[[Any], Any]] = {
    "dict": dict,
    "tuple": tuple,
    "bytes": bytes.fromhex,
    "timestamp": pd.Timestamp,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "decimal": Decimal,
    "text": str,
}


def _restored(found: dict[str, Any]) -> Any:
    return _RESTORE[found[_TAG]](found["value"]) if _TAG in found else found
