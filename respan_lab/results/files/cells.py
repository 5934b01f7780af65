"""The cells of a sheet: text, numbers, truth values, nothing; and back.

A column of the user's own values may hold lists and mappings, written as JSON. A text
there that reads as such a list gets an apostrophe in front, and so comes back as text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from ..columns import declared_dtype
from ..dtypes import is_missing
from ..json_values import dumps, loads
from ..labels import row_labels
from .inert import neutralize, restore

__all__ = [
    "LABEL",
    "LENIENT",
    "iso",
    "labelled",
    "plain",
    "sheet_cells",
    "sheet_value",
    "slices",
]

LABEL = "label"
LENIENT = ("inferred", "object")  # the dtypes of columns that hold values of any kind

_SLICE = 20_000  # rows
_TRUTH = {"true": True, "false": False}
_INTEGER = re.compile(r"-?(?:0|[1-9]\d*)", re.ASCII)
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|-?inf", re.ASCII | re.I)


def labelled(frame: pd.DataFrame, manifest: Mapping[str, Any] | None) -> pd.DataFrame:
    """Add a column ``label``, if a row's model is simulated or tiny."""
    labels = row_labels(frame, manifest)
    return frame.assign(**{LABEL: labels}) if labels.notna().any() else frame


def slices(frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Give a frame in parts, so that a million rows need not be there twice."""
    for start in range(0, len(frame), _SLICE):
        yield frame.iloc[start : start + _SLICE]


def plain(column: pd.Series) -> list[Any]:
    """Give a column as plain values; missing is None, a time is ISO 8601 in UTC."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        known = [*plain(pd.Series(column.cat.categories)), None]
        return [known[code] for code in column.cat.codes]
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return iso(column)
    if column.dtype == object:
        return [None if is_missing(one) else _builtin(one) for one in column]
    values: list[Any] = column.array.to_numpy(dtype=object, na_value=None).tolist()
    return [None if one != one else one for one in values]  # NaN differs from itself


def _builtin(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def iso(column: pd.Series) -> list[str | None]:
    """Give times in ISO 8601, to the microsecond; those with a zone in UTC."""
    zone = ""
    if column.dt.tz is not None:
        column, zone = column.dt.tz_convert("UTC").dt.tz_localize(None), "Z"
    known = column.notna().to_numpy()
    texts = np.datetime_as_string(column.to_numpy(dtype="datetime64[us]"))
    return [
        text + zone if ok else None
        for text, ok in zip(texts.tolist(), known.tolist(), strict=True)
    ]


def sheet_cells(column: pd.Series) -> list[Any]:
    """Give a column as cells: inert text, int, float, bool, or None for missing."""
    values = plain(column)
    if column.dtype == object:
        return [_sheet_cell(value) for value in values]
    texts = {one for one in values if isinstance(one, str)}
    if not texts:
        return values
    write = _own_text if _is_own(str(column.name)) else neutralize
    shown: dict[Any, Any] = {text: write(text) for text in texts}
    return [shown.get(one, one) for one in values]


def _is_own(name: str) -> bool:
    try:
        return declared_dtype(name) in LENIENT
    except KeyError:  # a column of a summary
        return False


def _sheet_cell(value: Any) -> Any:
    if isinstance(value, str):
        return _own_text(value)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (dict, list, tuple, np.ndarray)):
        return (dumps(value, ascii_only=False) or "").replace("\x7f", r"\u007f")
    return _own_text(str(value))


def _own_text(text: str) -> str:
    shown = neutralize(text)
    return f"'{shown}" if _is_json(shown.lstrip("'")) else shown


def _is_json(text: str) -> bool:
    if text[:1] not in ("[", "{"):
        return False
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def sheet_value(name: str, cell: str, *, is_text: bool) -> Any:
    """Give the value that a cell's text stands for.

    Args:
        name: The column's.
        cell: What stands there.
        is_text: Whether it is text for sure; else it may be a number.
    """
    if not _is_own(name) and not name.startswith("score_"):
        return restore(cell)
    return _own_value(cell) if is_text else _bare_value(cell)


def _bare_value(cell: str) -> Any:
    if _INTEGER.fullmatch(cell):
        return int(cell)
    if _NUMBER.fullmatch(cell):
        return float(cell)
    truth = _TRUTH.get(cell.lower())
    return _own_value(cell) if truth is None else truth


def _own_value(cell: str) -> Any:
    if cell[:1] in ("[", "{") and _is_json(cell):
        return loads(cell)
    is_marked = cell[:1] == "'" and _is_json(cell.lstrip("'"))
    return restore(cell[1:] if is_marked else cell)
