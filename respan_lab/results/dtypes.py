"""The tightest nullable dtype that holds what is given, or ``object``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray

from ..wire import clean

__all__ = [
    "inferred_column",
    "is_missing",
    "objects_column",
    "scores_column",
    "text_column",
]

_NULLABLE = {
    "string": "string",
    "integer": "Int64",
    "floating": "Float64",
    "mixed-integer-float": "Float64",
    "boolean": "boolean",
}


def is_missing(value: object) -> bool:
    """Say whether a value stands for nothing: None, NA, NaT or NaN.

    Example:
        >>> [is_missing(one) for one in (None, float("nan"), 0, "", [])]
        [True, True, False, False, False]
    """
    if value is None or value is pd.NA or value is pd.NaT:
        return True
    return isinstance(value, float) and value != value


def text_column(values: Sequence[Any]) -> ExtensionArray:
    """Give a ``string`` column; lone surrogates, which no text holds, are cleaned."""
    try:
        return pd.array(values, dtype="string")
    except UnicodeEncodeError:
        cleaned = [clean(one) if isinstance(one, str) else one for one in values]
        return pd.array(cleaned, dtype="string")


def objects_column(values: Sequence[Any]) -> pd.Series:
    """Give an ``object`` column that keeps each value as it is; missing is None."""
    kept = np.empty(len(values), dtype=object)
    for index, value in enumerate(values):
        kept[index] = None if is_missing(value) else value
    return pd.Series(kept, dtype=object)


def inferred_column(values: Sequence[Any]) -> Any:
    """Give the tightest column for values of one kind, ``object`` for mixed kinds.

    Example:
        >>> str(inferred_column([1, None]).dtype), str(inferred_column([1, "a"]).dtype)
        ('Int64', 'object')
    """
    present = [one for one in values if not is_missing(one)]
    kind = pd.api.types.infer_dtype(present, skipna=True)
    if kind == "string":
        return text_column(values)
    if kind in ("datetime", "datetime64"):
        return objects_column(values).infer_objects()
    if kind not in _NULLABLE:
        return objects_column(values)
    try:
        return pd.array(objects_column(values), dtype=_NULLABLE[kind])
    except (OverflowError, TypeError, ValueError):  # integers past 64 bits
        return objects_column(values)


def scores_column(values: Sequence[Any]) -> ExtensionArray:
    """Give ``boolean`` if every known score is one, else ``Float64``."""
    known = [one for one in values if not is_missing(one)]
    if known and all(isinstance(one, (bool, np.bool_)) for one in known):
        return pd.array(values, dtype="boolean")
    return pd.array(
        [None if is_missing(one) else float(one) for one in values], dtype="Float64"
    )
