"""Rows become the frame: the declared columns, in their order, with their dtypes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from itertools import islice
from operator import is_
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from pandas.api.extensions import ExtensionArray

from .columns import (
    CALL_STATUSES,
    COLUMNS,
    COST_SOURCES,
    LATENCY_SOURCES,
    TIMESTAMP,
    Column,
    declared_dtype,
)
from .dtypes import inferred_column, objects_column, scores_column, text_column

__all__ = ["Numbered", "build_frame", "frame_of"]

MAX_PARSED_FIELDS = 100  # a model chooses the fields of an open schema

_ONLY_IF_NAMED = frozenset({"run_name"})  # one run need not say which it is
_PREFIXES = tuple(column.prefix for column in COLUMNS if column.prefix)
_SINGLE = frozenset(column.name for column in COLUMNS if not column.prefix)


class Numbered(NamedTuple):
    """A column of few values, many times.

    Attributes:
        values: Each once.
        places: Which of them stands in each row.
    """

    values: Sequence[Any]
    places: np.ndarray

    def take(self, rows: np.ndarray) -> Numbered:
        """Give it with other rows."""
        return self._replace(places=self.places[rows])


def build_frame(
    rows: Sequence[Mapping[str, Any]],
    *,
    models: Sequence[str],
    prompts: Sequence[str | None],
) -> pd.DataFrame:
    """Make the tidy frame of a run, one row for each mapping.

    Args:
        rows: Column name to value; what is absent or None is missing. ``parsed`` may
            be a pydantic object, and its fields become ``parsed_<field>``.
        models: The targets' names in the order given: the categories of ``model``.
        prompts: The prompts' names in the order given; None stands for no prompt.

    Returns:
        A frame with every column of ``COLUMNS`` in that order and with its dtype; a
        family has as many columns as the rows name, and ``run_name`` is there only if
        they name it.

    Raises:
        ValueError: If a row names an undeclared column or status.

    Example:
        >>> row = {"model": "sim/small", "status": "ok", "output": "hi", "cost": None}
        >>> frame = build_frame([row], models=["sim/small"], prompts=[None])
        >>> frame.loc[0, "output"], frame.loc[0, "cost"], frame["cost"].dtype
        ('hi', <NA>, Float64Dtype())
    """
    full = [_with_parsed(row) for row in rows]
    named = dict.fromkeys(name for row in full for name in row)
    _check_declared(named)
    values = {name: [row.get(name) for row in full] for name in named}
    return frame_of(values, len(full), models=models, prompts=prompts)


def frame_of(
    values: dict[str, Any],
    n_rows: int,
    *,
    models: Sequence[str],
    prompts: Sequence[str | None],
) -> pd.DataFrame:
    """Make the tidy frame of a run, one list of values for each column.

    Args:
        values: By column name, in the order of the rows; what is None is missing, and
            so is a whole column that is not there: lists, Arrow's columns, or
            `Numbered`. Emptied, so that no two forms of a column are held longer than
            need be.
        n_rows: How long each of them is.
        models: As for `build_frame`.
        prompts: As there.

    Returns:
        As there.
    """
    categories = {
        "model": models,
        "prompt": [prompt for prompt in prompts if prompt is not None],
        "status": CALL_STATUSES,
        "cost_source": COST_SOURCES,
        "latency_source": LATENCY_SOURCES,
    }
    nothing = [None] * n_rows
    return pd.DataFrame(
        {
            name: _column(
                name, values.pop(name, nothing), categories=categories.get(name, ())
            )
            for name in _column_order(list(values))
        },
        copy=False,  # the columns are nobody else's
    )


def _with_parsed(row: Mapping[str, Any]) -> Mapping[str, Any]:
    parsed: Any = row.get("parsed")
    if hasattr(parsed, "model_dump"):
        parsed = parsed.model_dump(mode="json")
    if not isinstance(parsed, Mapping):
        return row
    fields = islice(parsed.items(), MAX_PARSED_FIELDS)
    return {
        **{f"parsed_{field}": value for field, value in fields},
        **row,
        "parsed": dict(parsed),
    }


def _check_declared(names: Iterable[str]) -> None:
    for name in names:
        if name not in _SINGLE and not name.startswith(_PREFIXES):
            near = get_close_matches(name, _SINGLE, n=1)
            hint = f"; nearest: {near[0]!r}" if near else ""
            raise ValueError(f"{name!r} is not a declared column{hint}")


def _column_order(named: Sequence[str]) -> list[str]:
    order: list[str] = []
    for column in COLUMNS:
        if column.name in _ONLY_IF_NAMED and column.name not in named:
            continue
        if not column.prefix:
            order.append(column.name)
        elif column.prefix == "score_":
            order.extend(_scores_and_notes(named))
        elif column.prefix != "note_":
            order.extend(_family(named, column))
    return order


def _family(named: Sequence[str], column: Column) -> list[str]:
    prefix = column.prefix or ""
    return [name for name in named if name.startswith(prefix) and name not in _SINGLE]


def _scores_and_notes(named: Sequence[str]) -> list[str]:
    """Put each note right after its score, or after the first of its parts."""
    scores = [name for name in named if name.startswith("score_")]
    notes = [name for name in named if name.startswith("note_")]
    order: list[str] = []
    for score in scores:
        order.append(score)
        note = "note_" + score.removeprefix("score_")
        if note in notes:
            notes.remove(note)
            order.append(note)
    return order + notes


def _column(name: str, values: Any, *, categories: Sequence[str]) -> Any:
    if isinstance(values, Numbered):
        few = _column(name, values.values, categories=categories)
        return _taken(few, values.places)
    dtype = declared_dtype(name)
    if isinstance(values, pa.ChunkedArray):
        return _arrow_column(name, values, dtype, categories=categories)
    if len(values) > 1 and _is_empty(values):
        nothing = _column(name, [None], categories=categories)
        return _taken(nothing, np.zeros(len(values), dtype=np.intp))
    if dtype == "category":
        return _category_column(name, values, categories=categories)
    if dtype == "string":
        return text_column(values)
    if dtype == "object":
        return objects_column(values)
    if name.startswith("score_"):
        return scores_column(values)
    if dtype == "inferred":
        return inferred_column(values)
    if dtype == TIMESTAMP:
        return pd.Series(
            pd.to_datetime(pd.Series(values, dtype=object), utc=True)
        ).astype(TIMESTAMP)
    return pd.array(values, dtype=dtype)


def _is_empty(values: Any) -> bool:
    return isinstance(values, list | tuple) and all(map(partial(is_, None), values))


def _arrow_column(
    name: str, values: pa.ChunkedArray, dtype: str, *, categories: Sequence[str]
) -> Any:
    if dtype == "category":
        few = values.combine_chunks().dictionary_encode()
        numbered = Numbered(
            [*few.dictionary.to_pylist(), None],
            few.indices.fill_null(-1).to_numpy(zero_copy_only=False),
        )
        return _column(name, numbered, categories=categories)
    return pd.api.types.pandas_dtype(dtype).__from_arrow__(values)


def _taken(column: Any, places: Any) -> Any:
    """Give the values of a column that are at places, with its dtype."""
    rows = column.take(places)
    return rows.reset_index(drop=True) if isinstance(rows, pd.Series) else rows


def _category_column(
    name: str, values: Sequence[Any], *, categories: Sequence[str]
) -> ExtensionArray:
    known = list(dict.fromkeys(categories))
    unknown = [one for one in dict.fromkeys(values) if one is not None]
    unknown = [one for one in unknown if one not in set(known)]
    if unknown and name not in ("model", "prompt", "run_name"):
        raise ValueError(f"{name} is {unknown[0]!r}; allowed: {', '.join(known)}")
    return pd.Categorical(values, categories=known + unknown)
