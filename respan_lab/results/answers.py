"""The answers of a frame, each as evaluators take it."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from copy import deepcopy
from functools import cached_property
from typing import Any

import pandas as pd

from ..wire.choice import ToolCall
from .completions import Completions
from .dtypes import is_missing

__all__ = ["Answers"]

_AT_A_TIME = 5_000  # rows: of all at once the values would fill the memory
_VARIABLE = "var_"


class Answers:
    """The rows of a frame that are answers.

    Args:
        frame: Those rows, with any of the declared columns; what is not there is None.
        manifest: What is known of their run.
    """

    def __init__(self, frame: pd.DataFrame, manifest: Mapping[str, Any]) -> None:
        self._frame = frame
        self._manifest = manifest

    def contexts(self, wants: Collection[str]) -> Iterator[list[dict[str, Any]]]:
        """Give what evaluators take of each answer, some answers at a time.

        Args:
            wants: Which arguments: ``output`` (a text), ``expected``, ``parsed`` (plain
                values), ``tool_calls`` (a list, empty without any), ``variables``,
                ``row`` (every column by name) and ``completion``. What is missing is
                None. All are the evaluator's own: changing one changes nothing here.

        Example:
            >>> frame = pd.DataFrame({"output": ["a", None], "var_x": [1, 2]})
            >>> next(Answers(frame, {}).contexts(["output", "variables"]))[1]
            {'output': None, 'variables': {'x': 2}}
        """
        ways: dict[str, Callable[[pd.DataFrame], list[Any]]] = {
            "tool_calls": lambda rows: list(
                map(_tool_calls, _values(rows, "tool_calls"))
            ),
            "variables": _variables,
            "row": _rows,
            "completion": lambda rows: self._completions.of(rows),
        }
        for start in range(0, len(self._frame), _AT_A_TIME):
            rows = self._frame.iloc[start : start + _AT_A_TIME]
            columns = [
                ways[name](rows) if name in ways else _values(rows, name)
                for name in wants
            ]
            if not columns:
                yield [{} for _ in range(len(rows))]
            else:
                yield [
                    dict(zip(wants, values, strict=True))
                    for values in zip(*columns, strict=True)
                ]

    @cached_property
    def _completions(self) -> Completions:
        return Completions(self._manifest)


def _values(rows: pd.DataFrame, name: str) -> list[Any]:
    if name not in rows:
        return [None] * len(rows)
    return [None if is_missing(one) else _own(one) for one in rows[name].tolist()]


def _own(value: Any) -> Any:
    return deepcopy(value) if isinstance(value, dict | list) else value


def _tool_calls(text: Any) -> list[ToolCall]:
    try:
        calls = json.loads(text) if isinstance(text, str) else []
        return [ToolCall(None, each["name"], each["arguments"]) for each in calls]
    except (ValueError, TypeError, KeyError):  # a frame of somebody else's making
        return []


def _variables(rows: pd.DataFrame) -> list[dict[str, Any]]:
    names = [name for name in rows.columns if str(name).startswith(_VARIABLE)]
    return _mappings(rows, {name: name.removeprefix(_VARIABLE) for name in names})


def _rows(rows: pd.DataFrame) -> list[dict[str, Any]]:
    return _mappings(rows, {name: name for name in rows.columns})


def _mappings(rows: pd.DataFrame, names: Mapping[str, str]) -> list[dict[str, Any]]:
    if not names:
        return [{} for _ in range(len(rows))]
    columns = [_values(rows, name) for name in names]
    return [
        dict(zip(names.values(), row, strict=True))
        for row in zip(*columns, strict=True)
    ]
