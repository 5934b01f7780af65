"""What kind of column each is, written down beside a frame, and given back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ..dtypes import objects_column

__all__ = ["kinds_of", "with_kinds"]


def kinds_of(frame: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Tell each column's dtype, of a category its categories in order."""
    return {str(name): _kind(frame[name]) for name in frame.columns}


def _kind(column: pd.Series) -> dict[str, Any]:
    kind: dict[str, Any] = {"dtype": str(column.dtype)}
    if isinstance(column.dtype, pd.CategoricalDtype):
        kind["categories"] = list(column.cat.categories)
    return kind


def with_kinds(
    frame: pd.DataFrame, kinds: Mapping[str, Mapping[str, Any]]
) -> pd.DataFrame:
    """Give columns the dtypes that they had.

    A column whose values no longer fit keeps the dtype it has: somebody changed the
    file.
    """
    columns = {}
    for name in frame.columns:
        try:
            columns[name] = _as_kind(frame[name], kinds.get(str(name)))
        except (TypeError, ValueError):
            columns[name] = frame[name]
    return pd.DataFrame(columns, index=frame.index)


def _as_kind(column: pd.Series, kind: Mapping[str, Any] | None) -> Any:
    if kind is None:
        return column
    if kind["dtype"] == "category":
        known = list(kind["categories"])
        new = [one for one in column.dropna().unique() if one not in known]
        return column.cat.set_categories(known + new)
    if kind["dtype"] == str(column.dtype):
        return column
    return (
        objects_column(list(column))
        if kind["dtype"] == "object"
        else (column.astype(kind["dtype"]))
    )
