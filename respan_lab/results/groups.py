"""Rows sorted into groups, in the order the groups were given."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from ..errors import ConfigError
from .json_values import dumps

__all__ = ["Codes", "Groups", "group_columns", "group_rows", "item_codes"]

Codes: TypeAlias = np.ndarray[Any, np.dtype[np.intp]]


@dataclass(frozen=True, slots=True)
class Groups:
    """Which group each row belongs to.

    Attributes:
        keys: One row per group, in order: the values the rows were grouped by.
        codes: For each row of the frame the position of its group in ``keys``.
    """

    keys: pd.DataFrame
    codes: Codes

    def __len__(self) -> int:
        return len(self.keys)


def group_columns(frame: pd.DataFrame, by: str | Sequence[str] | None) -> list[str]:
    """Name the columns to group by.

    By default run (of several), model, prompt, version and grid axes.

    Raises:
        ConfigError: If ``by`` names a column that the frame does not have.
    """
    if by is None:
        usual = ["run_name"] if "run_name" in frame.columns else []
        usual += ["model", "prompt", "prompt_version"]
        return usual + [one for one in frame.columns if one.startswith("param_")]
    names = [by] if isinstance(by, str) else list(by)
    for name in names:
        if name not in frame.columns:
            near = get_close_matches(str(name), list(frame.columns), n=3)
            hint = f"nearest: {', '.join(near)}" if near else "see .df.columns"
            raise ConfigError(f"by={name!r} is not a column of the frame; {hint}")
    return names


def group_rows(frame: pd.DataFrame, names: Sequence[str]) -> Groups:
    """Sort rows into groups: categories in their order, other values as they come."""
    codes: Codes = np.zeros(len(frame), dtype=np.intp)
    for name in names:  # numbered anew at each, so that no number grows past n * n
        own = _codes(frame[name])
        codes = codes * (own.max(initial=0) + 1) + own
        codes = pd.factorize(codes, sort=True)[0]
    first = pd.Series(codes).drop_duplicates().sort_values().index
    keys = frame[list(names)].iloc[first].reset_index(drop=True)
    return Groups(keys, codes)


def item_codes(frame: pd.DataFrame) -> Codes:
    """Number the items, whatever kind of value identifies them."""
    return _codes(frame["item"])


def _codes(column: pd.Series) -> Codes:
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes: Codes = column.cat.codes.to_numpy(dtype=np.intp, copy=True)
        codes[codes < 0] = len(column.cat.categories)
        return codes
    if column.dtype == object:
        column = pd.Series([_hashable(one) for one in column], dtype=object)
    numbered: Codes = pd.factorize(column, use_na_sentinel=False)[0]
    return numbered


def _hashable(value: Any) -> Hashable:
    """Keep apart what Python holds equal (1, True, 1.0) and hash what it cannot."""
    return type(value).__name__, dumps(value)
