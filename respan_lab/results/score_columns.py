"""Columns of scores, put where they are declared to stand."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pandas as pd

from .dtypes import scores_column, text_column

__all__ = ["columns_of", "with_scores"]

_SCORE, _NOTE = "score_", "note_"


def with_scores(
    frame: pd.DataFrame,
    name: str,
    scores: Mapping[str, Sequence[Any]],
    *,
    known: Collection[str],
) -> pd.DataFrame:
    """Give a frame with the scores of an evaluator, in place of those it had.

    Args:
        frame: Left as it is.
        name: The evaluator's.
        scores: ``score_*`` and ``note_*`` columns, a value for each row.
        known: The names of the evaluators whose scores the frame may have.

    Returns:
        The same rows; the columns where the old ones were, else after the other
        scores, or last.
    """
    old = columns_of(name, frame, known)
    kept = [column for column in frame.columns if column not in old]
    at = _place(list(frame.columns), old)
    made = {column: _column(column, scores[column]) for column in _order(scores)}
    added = pd.DataFrame(made, index=frame.index)
    result = pd.concat([frame[kept], added], axis=1)
    return result[[*kept[:at], *made, *kept[at:]]]


def columns_of(name: str, frame: pd.DataFrame, known: Collection[str]) -> list[str]:
    """Give the columns of a frame that an evaluator has made, parts included.

    A column is the evaluator's whose name is the longest that fits: ``score_a_b`` is
    that of ``a_b`` if there is one. Where nobody says that ``a`` was among the
    evaluators, it is a part of ``a`` only if that looks like one which gives a dict:
    by a note and no score of its own.

    Example:
        >>> columns = ["score_a", "note_a", "score_a_b", "score_a_c"]
        >>> columns_of("a", pd.DataFrame(columns=columns), ["a", "a_b"])
        ['score_a', 'note_a', 'score_a_c']
    """
    columns = [str(column) for column in frame.columns]
    gave_parts = f"{_NOTE}{name}" in columns and f"{_SCORE}{name}" not in columns
    has_parts = name in known or gave_parts
    names = {*known, name}
    return [
        column
        for column in columns
        if (stem := _stem(column)) == name
        or (has_parts and stem is not None and _owner(stem, names) == name)
    ]


def _stem(column: str) -> str | None:
    for prefix in (_SCORE, _NOTE):
        if column.startswith(prefix):
            return column.removeprefix(prefix)
    return None


def _owner(stem: str, names: Collection[str]) -> str | None:
    fitting = [name for name in names if stem == name or stem.startswith(f"{name}_")]
    return max(fitting, key=len, default=None)


def _place(columns: Sequence[str], old: Collection[str]) -> int:
    """Say before which of the columns that stay the new ones come."""
    if old:
        first = min(columns.index(column) for column in old)
        return first
    scores = [at for at, column in enumerate(columns) if _stem(str(column)) is not None]
    return scores[-1] + 1 if scores else _after_declared(columns)


def _after_declared(columns: Sequence[str]) -> int:
    return columns.index("started_at") + 1 if "started_at" in columns else len(columns)


def _order(names: Collection[str]) -> list[str]:
    """Put each note right after its score, or after the first of its parts."""
    order: list[str] = []
    for score in (name for name in names if name.startswith(_SCORE)):
        note = _NOTE + score.removeprefix(_SCORE)
        order += [score, note] if note in names else [score]
    return order + [name for name in names if name not in order]


def _column(name: str, values: Sequence[Any]) -> Any:
    return scores_column(values) if name.startswith(_SCORE) else text_column(values)
