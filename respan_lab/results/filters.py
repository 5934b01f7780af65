"""Filters of a frame's columns: as masks, as pandas expressions, and in words."""

from __future__ import annotations

import keyword
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from ..errors import ConfigError
from .dtypes import is_missing
from .text import cut
from .wording import figure

__all__ = [
    "Filter",
    "Mask",
    "check_column",
    "checked_filters",
    "filter_expression",
    "filter_mask",
    "filter_words",
    "quoted",
]

Filter: TypeAlias = list[Any] | tuple[float | None, float | None]
"""Values to pick, None for missing ones; or a pair of bounds, None for an open end."""
Mask: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]

_NAMED = 4  # values that words list


def check_column(frame: pd.DataFrame, name: str, *, what: str) -> None:
    """Refuse a name that is no column.

    Args:
        frame: Whose columns are allowed.
        name: The name.
        what: What the error calls it.

    Raises:
        ConfigError: It is none; names the nearest.
    """
    if name not in frame.columns:
        near = get_close_matches(str(name), map(str, frame.columns), n=3)
        hint = f"nearest: {', '.join(near)}" if near else "see .df.columns"
        raise ConfigError(f"{what}={name!r} is not a column of the frame; {hint}")


def checked_filters(
    frame: pd.DataFrame, filters: Mapping[str, Any]
) -> dict[str, Filter]:
    """Give filters in their form: a list of values, or a tuple of two bounds.

    Args:
        frame: The frame they are for.
        filters: By column a value, a list of values, or a tuple of two bounds; a
            tuple without any bound is left out.

    Raises:
        ConfigError: A column is not in the frame, or has no numbers to bound, or a
            bound is no number.

    Example:
        >>> frame = pd.DataFrame({"model": ["a"], "cost": [0.5]})
        >>> checked_filters(frame, {"model": "a", "cost": (0, None)})
        {'model': ['a'], 'cost': (0, None)}
    """
    kept: dict[str, Filter] = {}
    for name, given in filters.items():
        check_column(frame, name, what="filters")
        if isinstance(given, tuple):
            bounds = _bounds(frame, name, given)
            if bounds != (None, None):
                kept[name] = bounds
        else:
            picks = list(given) if isinstance(given, Sequence | set) else [given]
            kept[name] = [given] if isinstance(given, str) else picks
    return kept


def _bounds(
    frame: pd.DataFrame, name: str, given: tuple[Any, ...]
) -> tuple[float | None, float | None]:
    if not _is_numeric(frame[name]):
        raise ConfigError(
            f"filters: {name!r} has no numbers, so {given!r} is no range of it; give "
            "a list of values to pick"
        )
    if len(given) != 2 or not all(map(_is_bound, given)):
        raise ConfigError(
            f"filters: {given!r} is no range of {name!r}; give (low, high), two "
            "numbers, None for an open end"
        )
    return given[0], given[1]


def _is_numeric(column: pd.Series) -> bool:
    types = pd.api.types
    return types.is_numeric_dtype(column) and not types.is_bool_dtype(column)


def _is_bound(value: Any) -> bool:
    if value is None:
        return True
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and bool(np.isfinite(value))


def filter_mask(column: pd.Series, given: Filter) -> Mask:
    """Tell for which rows a filter holds; bounds are included, missing is outside.

    Example:
        >>> filter_mask(pd.Series([1.0, 2.0, None]), (2, None)).tolist()
        [False, True, False]
    """
    if isinstance(given, tuple):
        low, high = given
        kept = column.notna()
        if low is not None:
            kept &= (column >= low).fillna(False)
        if high is not None:
            kept &= (column <= high).fillna(False)
        inside: Mask = kept.to_numpy(dtype=bool)
        return inside
    picked = column.isin([one for one in given if not is_missing(one)])
    if any(map(is_missing, given)):
        picked |= column.isna()
    found: Mask = picked.fillna(False).to_numpy(dtype=bool)
    return found


def filter_expression(name: str, given: Filter) -> str:
    """Write a filter as `DataFrame.query` takes it.

    Example:
        >>> filter_expression("model", ["a", None])
        "(model in ['a'] or model.isna())"
        >>> filter_expression("latency", (0.5, 2))
        'latency >= 0.5 and latency <= 2'
    """
    column = quoted(name)
    if isinstance(given, tuple):
        ends = zip((">=", "<="), given, strict=True)
        bounds = [f"{column} {sign} {end!r}" for sign, end in ends if end is not None]
        return " and ".join(bounds)
    known = [_plain(one) for one in given if not is_missing(one)]
    picked = f"{column} in {known!r}"
    if len(known) < len(given):
        return f"({picked} or {column}.isna())" if known else f"{column}.isna()"
    return picked


def quoted(name: str) -> str:
    """Write a column's name as `DataFrame.query` takes it.

    Raises:
        ConfigError: The name has a backtick, which cannot be written.
    """
    if name.isidentifier() and not keyword.iskeyword(name):
        return name
    if "`" in name:
        raise ConfigError(
            f"a query cannot name the column {name!r}: it has a backtick; rename it"
        )
    return f"`{name}`"


def filter_words(name: str, given: Filter) -> str:
    """Say a filter in words.

    Example:
        >>> filter_words("model", ["a", "b"]), filter_words("cost", (None, 0.01))
        ('model is a or b', 'cost at most 0.010')
    """
    if isinstance(given, tuple):
        low, high = given
        if low is None:
            return f"{name} at most {figure(high)}"
        if high is None:
            return f"{name} at least {figure(low)}"
        return f"{name} from {figure(low)} to {figure(high)}"
    said = ["missing" if is_missing(one) else cut(str(one), 40) for one in given]
    if not said:
        return f"{name} is nothing"
    more = f" or {len(said) - _NAMED:,} more" if len(said) > _NAMED else ""
    return f"{name} is {' or '.join(said[:_NAMED])}{more}"


def _plain(value: Any) -> Any:
    """Give numpy's numbers as Python's, which are written as what they are."""
    return value.item() if isinstance(value, np.generic) else value
