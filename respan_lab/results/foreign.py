"""Frames that are not ours, made such as the verbs take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ..errors import ConfigError
from .columns import COLUMNS
from .dtypes import inferred_column, is_missing
from .frame import frame_of
from .groups import group_rows, item_codes
from .pairing import factors_of

__all__ = ["as_calls"]

_NEEDED = ("model", "item")
_NEEDS = (
    "A frame of calls has 'model' and 'item'; besides, summary, compare and choose "
    "take a 'score_<name>' or figures such as 'cost' and 'latency'; disagreements and "
    "score take 'output', reprice the token counts, explain 'key'. What else is "
    "declared is missing then. ask takes any frame."
)
_DECLARED = [one.name for one in COLUMNS if not one.prefix and one.name != "run_name"]
_FAMILIES = tuple(one.prefix for one in COLUMNS if one.prefix)


def as_calls(frame: pd.DataFrame) -> pd.DataFrame:
    """Give a frame with all declared columns; those it lacks are missing.

    Args:
        frame: Any frame with ``model`` and ``item``; left as it is. Without
            ``status`` its rows are ``ok``; without ``choice`` they are the first, and
            without ``run`` rows of the same model, item and prompt are repeats.

    Returns:
        The rows in order under a default index, the columns that are declared in
        their order and with their dtypes, then the frame's own.

    Raises:
        ConfigError: A column is not there, or twice, or holds what it cannot.

    Example:
        >>> rows = [("a", 1, True), ("a", 1, False), ("b", 1, True)]
        >>> calls = as_calls(pd.DataFrame(rows, columns=["model", "item", "score_ok"]))
        >>> calls["run"].tolist(), calls["status"].unique().tolist()
        ([0, 1, 0], ['ok'])
    """
    _check(frame)
    if all(name in frame for name in _DECLARED) and _is_typed(frame):
        return frame.reset_index(drop=True)
    declared = {str(name): frame[name] for name in frame if _is_declared(name)}
    try:
        calls = frame_of(
            {name: _values(column) for name, column in declared.items()},
            len(frame),
            models=_categories(frame["model"]),
            prompts=_categories(frame["prompt"]) if "prompt" in frame else [],
        )
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"the frame cannot be read as calls: {_culprit(declared)}{error}; give it "
            "as declared in respan_lab.results.COLUMNS, or under another name"
        ) from None
    own = {name: inferred_column(_values(frame[name])) for name in frame
           if name not in declared}  # fmt: skip
    return _filled(calls, declared).assign(**{str(n): c for n, c in own.items()})


def _culprit(declared: Mapping[str, pd.Series]) -> str:
    """Name the first column that cannot be read, and its first value."""
    for name, column in declared.items():
        values = _values(column)
        try:
            frame_of({name: values}, len(values), models=[], prompts=[])
        except (TypeError, ValueError):
            first = next((one for one in values if one is not None), None)
            return f"column {name!r}, which begins with {first!r:.40}: "
    return ""


def _check(frame: pd.DataFrame) -> None:
    if frame.columns.nlevels > 1:
        raise ConfigError(
            f"the frame's columns have {frame.columns.nlevels} levels; give them one: "
            'df.columns = ["_".join(map(str, each)) for each in df.columns]'
        )
    twice = frame.columns[frame.columns.duplicated()].tolist()
    if twice:
        raise ConfigError(f"the frame has the column {twice[0]!r} twice; rename one")
    missing = [name for name in _NEEDED if name not in frame]
    if missing:
        there = ", ".join(repr(name) for name in list(frame.columns)[:12]) or "none"
        raise ConfigError(
            f"the frame has no column {' and no '.join(map(repr, missing))} (it has "
            f"{there}); rename what is meant: df.rename(columns={{...}}). {_NEEDS}"
        )


def _is_typed(frame: pd.DataFrame) -> bool:
    return isinstance(frame["model"].dtype, pd.CategoricalDtype) and isinstance(
        frame["status"].dtype, pd.CategoricalDtype
    )


def _is_declared(name: object) -> bool:
    text = str(name)
    return text in _DECLARED or text == "run_name" or text.startswith(_FAMILIES)


def _values(column: pd.Series) -> list[Any]:
    return [None if is_missing(value) else value for value in column.astype(object)]


def _categories(column: pd.Series) -> list[str]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return list(column.cat.categories)
    return [each for each in dict.fromkeys(_values(column)) if each is not None]


def _filled(calls: pd.DataFrame, given: Any) -> pd.DataFrame:
    if "status" not in given:
        calls["status"] = pd.Categorical(
            ["ok"] * len(calls), dtype=calls["status"].dtype
        )
    if "choice" not in given:
        calls["choice"] = pd.array([0] * len(calls), dtype="Int64")
    if "run" not in given:
        cells = group_rows(calls, factors_of(calls)).codes
        repeats = calls.groupby([cells, item_codes(calls), calls["choice"]]).cumcount()
        calls["run"] = repeats.astype("Int64")
    return calls
